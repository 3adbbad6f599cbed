/**
 * Questions to vm-stonithd, through the local vm-connectd.
 *
 * A request is patient: the host, or the way to it, may be away for as long as the deadline allows, and one request is
 * one job however often it has to be sent. Only a local daemon that is not there is waited for no longer than a restart
 * takes: whoever wants a node dead may have other ways to try.
 */
import { readFileSync } from 'node:fs';
import { paths } from '../../shared/paths.ts';
import type { Asked } from '../../shared/protocol/local-client.ts';
import type { Json } from '../../shared/protocol/message.ts';
import { HOST_OPERATIONS, type NodeAction } from './actions.ts';
import {
  type Failure,
  judgeList,
  judgeOperation,
  type ListedState,
  type PowerState,
  type Verdict,
} from './verdict.ts';

export interface Asking {
  readonly socketPath: string;
  readonly timeoutMs: number;
  /** For people who look closely. It is never told a token. */
  readonly trace: (line: string) => void;
}

export interface Judged<Value> {
  /** Stands in the host's log and audit record too. */
  readonly requestId: string;
  readonly verdict: Verdict<Value>;
}

const LOOK_EVERY_MS = 1_500;
const MOST_MISSES = 3;

/** Half of what fits into a frame, for JSON may need more than one byte for a letter. */
const LONGEST_LIST = 32_000;

export async function askOperation(
  action: NodeAction,
  token: string,
  plug: string,
  asking: Asking,
): Promise<Judged<PowerState | undefined>> {
  const untilMs = performance.now() + asking.timeoutMs;
  const requestId = newRequestId();
  // `node` is what the guest's cluster calls the target: for the host's records, and nothing is decided by it.
  const request = { requestId, text: `${HOST_OPERATIONS[action]} ${token}`, detail: { node: plug } };
  const asked = await askHost(request, untilMs, asking);
  const verdict = asked.ok ? judgeOperation(action, asked.answer) : unanswered(asked, asking);
  return { requestId, verdict };
}

export async function askStates(
  tokens: readonly string[],
  asking: Asking,
): Promise<Judged<readonly ListedState[]>> {
  const untilMs = performance.now() + asking.timeoutMs;
  const states: ListedState[] = [];
  let requestId = '';
  for (const part of inParts(tokens)) {
    requestId = newRequestId();
    const asked = await askHost({ requestId, text: `list ${part.join(' ')}` }, untilMs, asking);
    const verdict = asked.ok ? judgeList(part.length, asked.answer) : unanswered(asked, asking);
    if (verdict.kind !== 'done') return { requestId, verdict };
    states.push(...verdict.value);
  }
  return { requestId, verdict: { kind: 'done', value: states } };
}

interface HostRequest {
  readonly requestId: string;
  readonly text: string;
  readonly detail?: Json;
}

async function askHost(
  { requestId, ...request }: HostRequest,
  untilMs: number,
  { socketPath, trace }: Asking,
): Promise<Asked> {
  // Loaded here, so that what needs no host doesn't wait for it.
  const { ask } = await import('../../shared/protocol/local-client.ts');
  const deadlineMs = Math.max(1, Math.round(untilMs - performance.now()));
  trace(`request ${requestId}: ${request.text.split(' ', 1)[0]}, for at most ${deadlineMs} ms`);
  const away = new AbortController();
  const watch = abortWhenAway(socketPath, away);
  const { signal } = away;
  const asked = await ask({ socketPath, service: 'stonith', id: requestId, deadlineMs, signal, ...request });
  clearInterval(watch);
  trace(`request ${requestId}: ${asked.ok ? JSON.stringify(asked.answer) : asked.failure}`);
  return asked;
}

/** Looks whether a daemon is there, but not so soon that the usual answer would be slower for it. */
function abortWhenAway(socketPath: string, away: AbortController): NodeJS.Timeout {
  let misses = 0;
  return setInterval(async () => {
    const isThere = await isAnswered(socketPath);
    misses = isThere ? 0 : misses + 1;
    if (misses === MOST_MISSES) away.abort();
  }, LOOK_EVERY_MS);
}

async function isAnswered(socketPath: string): Promise<boolean> {
  const { connectOnce } = await import('../../shared/unix-socket.ts');
  try {
    (await connectOnce(socketPath)).destroy();
    return true;
  } catch {
    return false;
  }
}

function unanswered(
  { failure, error }: Extract<Asked, { readonly ok: false }>,
  { socketPath }: Asking,
): Failure {
  const { what, fault, remedy } = error;
  switch (failure) {
    case 'deadline':
      return { kind: 'timed-out', fault: `it timed out: ${fault}`, remedy };
    case 'aborted':
      return { kind: 'unavailable', fault: `nobody listens on ${socketPath}`, remedy: START_IT };
    default:
      return { kind: 'unavailable', fault: `${what}: ${fault}`, remedy };
  }
}

const START_IT = 'start vm-connectd in this guest (systemctl start vm-connectd)';

function inParts(tokens: readonly string[]): string[][] {
  const parts: string[][] = [];
  let length = LONGEST_LIST;
  for (const token of tokens) {
    if (length + token.length >= LONGEST_LIST) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(token);
    length += token.length + 1;
  }
  return parts;
}

/** From the kernel, which has one at hand long before a cryptographic library is loaded. */
function newRequestId(): string {
  return readFileSync(paths.randomUuid, 'utf8').trim();
}
