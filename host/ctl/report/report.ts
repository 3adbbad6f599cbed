/** What a command hands to whoever prints it: words for people and data for programs, and the exit status. */
import type { Message } from '../messages/message.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface Report {
  readonly exitCode: number;
  /** What is in the way, or went wrong. To standard error, also when quiet. */
  readonly problems?: readonly Message[];
  readonly warnings?: readonly Message[];
  /** What was done. To standard output, unless quiet. */
  readonly lines?: readonly Message[];
  /** Printed as it is: a table, a configuration. */
  readonly text?: string;
  /** It has printed all there is itself, as it went on. */
  readonly isPrinted?: boolean;
  /** The answer with --json; problems and warnings are added to it. */
  readonly data?: Readonly<Record<string, Json>>;
}

export const EXIT = { ok: 0, failed: 1, unavailable: 2, interrupted: 130 } as const;
