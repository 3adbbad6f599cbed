/** From what came back, or did not, to an exit status and a line on standard error. */
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import { type AskFailure, askError } from '../../shared/protocol/ask-failure.ts';
import type { Asked } from '../../shared/protocol/local-client.ts';
import type { Answer, RequestError } from '../../shared/protocol/message.ts';

export const EXIT = { ok: 0, failure: 1, askAgain: 2 } as const;

/** The answer, or an error that says whether to ask again. */
export function answerOf(asked: Asked, service: string): Exclude<Answer, { error: RequestError }> {
  if (!asked.ok) throw askedError(asked.failure, asked.error);
  if ('error' in asked.answer) throw refusal(service, asked.answer.error);
  return asked.answer;
}

/** Version 1 failed when the daemon of this guest was not there; 2 means that it is the host that is not. */
function askedError(failure: AskFailure, error: PmError): PmError {
  if (failure !== 'not-running') return error;
  const { code, what, fault, remedy } = error;
  return new PmError({ code, what, fault, remedy, exitCode: EXIT.failure, cause: error });
}

export function refusal(service: string, { code, message, retry }: RequestError): PmError {
  return new PmError({
    code: retry ? 'unavailable' : 'refused',
    what: `no reply from ${service}`,
    fault: `${code}: ${message}`,
    remedy: retry ? 'ask again later' : 'see the log of vm-connectd on the host',
    exitCode: retry ? EXIT.askAgain : EXIT.failure,
  });
}

export function connectError(socketPath: string, thrown: unknown): PmError {
  if (thrown instanceof PmError) return thrown;
  const asked = { socketPath, service: 'the agent' };
  switch (systemCodeOf(thrown)) {
    case 'EACCES':
    case 'EPERM':
      return askError(asked, { failure: 'permission-denied', fault: 'permission denied', cause: thrown });
    case 'ENOENT':
    case 'ECONNREFUSED': {
      const fault = 'nobody listens there';
      return askedError('not-running', askError(asked, { failure: 'not-running', fault, cause: thrown }));
    }
    default: {
      const fault = messageOf(thrown);
      return askedError('not-running', askError(asked, { failure: 'not-running', fault, cause: thrown }));
    }
  }
}
