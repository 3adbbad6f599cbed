/** `vm-stonithd --status`: asks the daemon that runs, and shows it to people or programs. */
import type { StatusForm } from '../../../shared/daemon/daemon-command.ts';
import { PmError } from '../../../shared/errors.ts';
import { ask } from '../../../shared/protocol/local-client.ts';
import type { Json } from '../../../shared/protocol/message.ts';

const WITHIN_MS = 5_000;

export async function showStonithStatus(socketPath: string, form: StatusForm): Promise<string> {
  const status = await askDaemon(socketPath, form === 'prometheus' ? 'metrics' : 'status');
  if (typeof status === 'string') return status;
  if (form === 'json' || typeof status !== 'object' || status === null)
    return `${JSON.stringify(status, undefined, 2)}\n`;
  return Object.entries(status)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
    .join('');
}

async function askDaemon(socketPath: string, text: 'status' | 'metrics'): Promise<Json> {
  const answer = await ask({ socketPath, service: 'agent', text, deadlineMs: WITHIN_MS, impatient: true });
  if (answer.ok && 'text' in answer.answer) return answer.answer.detail ?? null;
  throw new PmError({
    code: 'unavailable',
    what: 'cannot show the status of vm-stonithd',
    fault: `${socketPath} gives no answer`,
    remedy: 'start it (systemctl start vm-stonithd)',
  });
}
