/** How a question to the local daemon fails, and what whoever asked can do about it. */
import { messageOf, PmError } from '../errors.ts';
import { connectFault } from '../unix-socket.ts';

export type AskFailure =
  /** Nobody listens on the socket, or the daemon went away and did not come back. */
  | 'not-running'
  | 'permission-denied'
  /** The daemon is there and had no room for one more connection until the deadline. */
  | 'no-room'
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

/** What it means to whoever asks that no connection came about. */
export function connectFailure(thrown: unknown): Failed {
  if (thrown instanceof PmError) return { failure: 'unusable', fault: thrown.fault, cause: thrown };
  switch (connectFault(thrown)) {
    case 'no-listener':
      return { failure: 'not-running', fault: 'nobody listens there', cause: thrown };
    case 'forbidden':
      return { failure: 'permission-denied', fault: 'permission denied', cause: thrown };
    case 'other':
      return { failure: 'not-running', fault: messageOf(thrown), cause: thrown };
  }
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
    case 'no-room':
      return new PmError({ ...common, code: 'unavailable', remedy: 'ask again later' });
    case 'deadline':
      return new PmError({
        ...common,
        code: 'unavailable',
        remedy: 'see the log of vm-connectd, and start it anew if it hangs (systemctl restart vm-connectd)',
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
