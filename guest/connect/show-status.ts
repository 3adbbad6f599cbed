/** `vm-connect status` and `vm-connectd -t guest --status`: what the agent says of itself, for people and programs. */
import { PmError } from '../../shared/errors.ts';
import { ask } from '../../shared/protocol/local-client.ts';
import type { Json } from '../../shared/protocol/message.ts';
import { visibleJson } from '../../shared/visible.ts';
import { answerOf, EXIT } from './failure.ts';
import { printStatus } from './print-status.ts';
import { readStatus } from './read-status.ts';

export interface ShowStatusOptions {
  readonly socketPath: string;
  readonly form: 'text' | 'json' | 'prometheus';
  readonly timeoutMs?: number;
  readonly write: (text: string) => unknown;
}

const TIMEOUT_MS = 5_000;

/** 0 when the host answers, 2 when it does not. */
export async function showStatus(options: ShowStatusOptions): Promise<number> {
  const { form, write } = options;
  if (form === 'prometheus') {
    const metrics = await askAgent('metrics', options);
    write(typeof metrics === 'string' ? metrics : JSON.stringify(metrics));
    return EXIT.ok;
  }
  const json = await askAgent('status', options);
  const status = readStatus(json);
  if (status === undefined) throw notAnAgent(options.socketPath);
  write(form === 'json' ? `${visibleJson(json, 2)}\n` : printStatus(status));
  return status.link.state === 'up' ? EXIT.ok : EXIT.askAgain;
}

async function askAgent(
  text: 'status' | 'metrics',
  { socketPath, timeoutMs }: ShowStatusOptions,
): Promise<Json> {
  const asked = await ask({
    socketPath,
    service: 'agent',
    text,
    deadlineMs: timeoutMs ?? TIMEOUT_MS,
    impatient: true,
  });
  return answerOf(asked, 'the agent').detail ?? null;
}

const notAnAgent = (socketPath: string) =>
  new PmError({
    code: 'environment',
    what: `cannot show the status of ${socketPath}`,
    fault: 'what listens there is no vm-connectd -t guest',
    remedy: 'on a KVM host, use vm-connectd --status',
  });
