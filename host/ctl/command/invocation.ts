/** What a command is given of its command line. */
import type { GivenOptions } from '../../../shared/command-line.ts';
import type { WantedName } from '../plan/guest-names.ts';

export interface Invocation {
  /** As it was typed. */
  readonly typed: string;
  readonly names: readonly WantedName[];
  readonly options: GivenOptions;
}
