/** Asks the vm-connectd -t host that runs here for its status, page by page. */
import { PmError } from '../../../shared/errors.ts';
import { ask } from '../../../shared/protocol/local-client.ts';
import { type GuestStatus, type HostStatus, readHostStatus } from './host-status.ts';

const TIMEOUT_MS = 5_000;

/** Throws when nobody answers, or something that is no host daemon. */
export async function askHostStatus(socketPath: string): Promise<HostStatus> {
  const guests: GuestStatus[] = [];
  for (let after: string | undefined; ; ) {
    const page = await askPage(socketPath, after);
    guests.push(...page.guests);
    if (page.next === undefined || page.next === after) return { ...page, guests };
    after = page.next;
  }
}

async function askPage(socketPath: string, after: string | undefined): Promise<HostStatus> {
  const asked = await ask({
    socketPath,
    service: 'agent',
    text: 'status',
    ...(after === undefined ? {} : { detail: { after } }),
    deadlineMs: TIMEOUT_MS,
    impatient: true,
  });
  if (!asked.ok) throw asked.error;
  const what = `cannot show the status of ${socketPath}`;
  if ('error' in asked.answer) {
    const { code, message } = asked.answer.error;
    const remedy = 'see the log of what listens there (ss -xlp names it)';
    throw new PmError({ code: 'refused', what, fault: `it answers ${code}: ${message}`, remedy });
  }
  const status = readHostStatus(asked.answer.detail ?? null);
  if (status !== undefined) return status;
  throw new PmError({
    code: 'environment',
    what,
    fault: 'what listens there is no vm-connectd -t host',
    remedy: 'in a guest, use vm-connectd -t guest --status',
  });
}
