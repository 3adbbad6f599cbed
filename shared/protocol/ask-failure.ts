/** How a question to the local daemon fails, and what whoever asked can do about it. */
import { PmError } from '../errors.ts';

export type AskFailure =
  /** Nobody listens on the socket, or the daemon went away and did not come back. */
  | 'not-running'
  | 'permission-denied'
  /** The daemon is there and gave no answer in time. */
  | 'deadline'
  /** What came is no answer in this protocol. */
  | 'malformed'
  | 'aborted'
  /** No daemon could ever answer this: the path or the request is too long. */
  | 'unusable';

interface Failed {
  readonly failure: AskFailure;
  readonly fault: string;
  readonly cause?: unknown;
}

export function askError(
  { socketPath, service }: { readonly socketPath: string; readonly service: string },
  { failure, fault, cause }: Failed,
): PmError {
  const common = { what: `cannot ask ${service} through ${socketPath}`, fault, cause };
  switch (failure) {
    case 'not-running':
      return new PmError({
        ...common,
        code: 'unavailable',
        remedy: 'start vm-connectd (systemctl start vm-connectd)',
      });
    case 'permission-denied':
      return new PmError({ ...common, code: 'environment', remedy: 'run it as root' });
    case 'deadline':
      return new PmError({
        ...common,
        code: 'unavailable',
        remedy: 'ask again, or see the log of vm-connectd',
      });
    case 'malformed':
      return new PmError({
        ...common,
        code: 'environment',
        remedy: 'see which program listens there (ss -xlp)',
      });
    case 'aborted':
      return new PmError({ ...common, code: 'unavailable', remedy: 'ask again' });
    case 'unusable':
      return new PmError({ ...common, code: 'usage', remedy: 'make it shorter' });
  }
}
