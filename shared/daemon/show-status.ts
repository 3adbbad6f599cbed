/** `--status` of a daemon with a status socket: asks the one that runs, and shows it to people or programs. */

import { PmError } from '../errors.ts';
import { ask } from '../protocol/local-client.ts';
import type { Json } from '../protocol/message.ts';
import { visibleJson } from '../visible.ts';
import type { StatusForm } from './daemon-command.ts';
import { statusLines } from './status-lines.ts';

const WITHIN_MS = 5_000;

export async function showDaemonStatus(
  program: string,
  socketPath: string,
  form: StatusForm,
): Promise<string> {
  const status = await askDaemon(program, socketPath, form === 'prometheus' ? 'metrics' : 'status');
  if (typeof status === 'string') return status;
  return form === 'json' ? `${visibleJson(status, 2)}\n` : statusLines(status);
}

async function askDaemon(program: string, socketPath: string, text: 'status' | 'metrics'): Promise<Json> {
  const answer = await ask({ socketPath, service: 'agent', text, deadlineMs: WITHIN_MS, impatient: true });
  if (answer.ok && 'text' in answer.answer) return answer.answer.detail ?? null;
  throw new PmError({
    code: 'unavailable',
    what: `cannot show the status of ${program}`,
    fault: `${socketPath} gives no answer`,
    remedy: `start it (systemctl start ${program})`,
  });
}
