/** From what came back, or did not, to an exit status and a line on standard error. */
import { PmError } from '../../shared/errors.ts';
import { type AskFailure, askError, connectFailure } from '../../shared/protocol/ask-failure.ts';
import type { Asked } from '../../shared/protocol/local-client.ts';
import type { Answer, RequestError } from '../../shared/protocol/message.ts';

export const EXIT = { ok: 0, failure: 1, askAgain: 2 } as const;

/** The answer, or an error that says whether to ask again. */
export function answerOf(asked: Asked, service: string): Exclude<Answer, { error: RequestError }> {
  if (!asked.ok) throw askedError(asked.failure, asked.error);
  if ('error' in asked.answer) throw refusal(service, asked.answer.error);
  return asked.answer;
}

/** Of the daemon of this guest, by the question that it did not answer. */
const LOCAL_FAULTS: ReadonlySet<AskFailure> = new Set(['not-running', 'deadline']);

/**
 * Version 1 failed when the daemon of this guest was not there; 2 means that it is the host that is not. A daemon that
 * lives answers by the deadline itself, whatever the host does: one that has not, hangs.
 */
function askedError(failure: AskFailure, error: PmError): PmError {
  if (!LOCAL_FAULTS.has(failure)) return error;
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
  const failed = connectFailure(thrown);
  return askedError(failed.failure, askError({ socketPath, service: 'the agent' }, failed));
}
