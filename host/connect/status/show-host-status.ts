/** `vm-connectd --status`: asks the daemon that runs, page by page, and shows it to people or programs. */
import { PmError } from '../../../shared/errors.ts';
import { ask } from '../../../shared/protocol/local-client.ts';
import type { Json } from '../../../shared/protocol/message.ts';
import { hostMetrics } from './host-metrics.ts';
import { type GuestStatus, type HostStatus, readHostStatus } from './host-status.ts';
import { printHostStatus } from './print-host-status.ts';

export type StatusForm = 'text' | 'json' | 'prometheus';

const TIMEOUT_MS = 5_000;

export async function showHostStatus(socketPath: string, form: StatusForm): Promise<string> {
  const status = await askWholeStatus(socketPath);
  switch (form) {
    case 'json': {
      const { next: _next, ...whole } = status;
      return `${JSON.stringify({ role: 'host', ...whole }, undefined, 2)}\n`;
    }
    case 'prometheus':
      return hostMetrics(status);
    case 'text':
      return printHostStatus(status);
  }
}

async function askWholeStatus(socketPath: string): Promise<HostStatus> {
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
  const json: Json = 'error' in asked.answer ? null : (asked.answer.detail ?? null);
  const status = readHostStatus(json);
  if (status !== undefined) return status;
  throw new PmError({
    code: 'environment',
    what: `cannot show the status of ${socketPath}`,
    fault: 'what listens there is no vm-connectd -t host',
    remedy: 'in a guest, use vm-connectd -t guest --status',
  });
}
