/**
 * The error family.
 *
 * An expected outcome is a value; these are thrown for what the code can't go on from. Each carries a code for
 * programs, an exit status for the shell, and a message for the person on call that names the thing, the fault
 * and the remedy: `cannot listen on /run/x.sock: another vm-connectd (pid 42) holds it; stop that one first`.
 */

/** What went wrong, by whose move mends it. */
export type ErrorCode =
  | 'usage' // the command line
  | 'config' // a configuration file
  | 'environment' // this machine: a missing program, a permission, a path too long
  | 'unavailable' // a peer that is away now and may come back: ask again
  | 'refused' // a peer that answered no
  | 'internal'; // a defect of ours

export interface PmErrorDetails {
  readonly code: ErrorCode;
  /** What was wanted of which thing: `cannot open /dev/virtio-ports/vmconnectd`. */
  readonly what: string;
  /** Why it did not happen: `no such port`; as a list what a log tells in a line each. */
  readonly fault: string | readonly string[];
  /** What the reader can do about it. */
  readonly remedy: string;
  readonly exitCode?: number;
  readonly cause?: unknown;
}

const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: 1,
  config: 1,
  environment: 1,
  unavailable: 2,
  refused: 1,
  internal: 1,
};

export class PmError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly what: string;
  readonly fault: string;
  readonly remedy: string;
  /** Of a fault that was given as a list. */
  readonly faults: readonly string[];

  /** Also of another file of the same program, which has a class of its own by this name. */
  static override [Symbol.hasInstance](thrown: unknown): thrown is PmError {
    return thrown instanceof Error && thrown.name === 'PmError';
  }

  constructor(details: PmErrorDetails) {
    const faults = typeof details.fault === 'string' ? [] : details.fault;
    const fault = typeof details.fault === 'string' ? details.fault : details.fault.join(' | ');
    super(`${details.what}: ${fault}; ${details.remedy}`, { cause: details.cause });
    this.name = 'PmError';
    this.code = details.code;
    this.exitCode = details.exitCode ?? EXIT_CODES[details.code];
    this.what = details.what;
    this.fault = fault;
    this.faults = faults;
    this.remedy = details.remedy;
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The same in lines, for a log that cuts what is long: each fault of a list, and then what came of them. */
export function linesOf(thrown: unknown): readonly [...faults: string[], last: string] {
  if (!(thrown instanceof PmError) || thrown.faults.length === 0) return [messageOf(thrown)];
  const { what, faults, remedy } = thrown;
  return [
    ...faults,
    `${what}: ${faults.length === 1 ? 'the fault' : `the ${faults.length} faults`} above; ${remedy}`,
  ];
}

/** The `code` of a system error such as ENOENT, if it is one. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return undefined;
}
