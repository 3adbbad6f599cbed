/** What the service `agent` answers on the host's local socket: `status`, page by page, and `metrics`. */
import { tooLongAnswer } from '../../../shared/protocol/encode-message.ts';
import { membersOf } from '../../../shared/protocol/json-members.ts';
import { type Answer, type Json, MAX_FRAME_BYTES } from '../../../shared/protocol/message.ts';
import { errorAnswer } from '../router/job.ts';
import { hostMetrics } from './host-metrics.ts';
import type { HostStatus } from './host-status.ts';
import { type Page, WHOLE } from './status-report.ts';

/** Room for what is said beside the guests. */
const PAGE_BYTES = MAX_FRAME_BYTES - 16 * 1024;
const REPLY_BYTES = 256;

export function agentAnswer(
  text: string,
  detail: Json | undefined,
  report: (page: Page) => HostStatus,
): Answer {
  switch (text) {
    case 'status':
      return { text: 'ok', detail: statusJson(report({ after: afterOf(detail), guestBytes: PAGE_BYTES })) };
    case 'metrics': {
      const metrics = hostMetrics(report(WHOLE));
      const fits = Buffer.byteLength(JSON.stringify(metrics)) + REPLY_BYTES <= MAX_FRAME_BYTES;
      return fits
        ? { text: 'ok', detail: metrics }
        : tooLongAnswer('vm-connectd --status --prometheus asks for it in parts');
    }
    default:
      return errorAnswer('bad-request', 'the service agent knows the texts status and metrics');
  }
}

function statusJson({ next, ...status }: HostStatus): Json {
  return {
    role: 'host',
    ...status,
    services: status.services.map((service) => ({ ...service })),
    sources: { pacemaker: { ...status.sources.pacemaker }, libvirt: { ...status.sources.libvirt } },
    guests: status.guests.map((guest) => ({ ...guest })),
    ...(next === undefined ? {} : { next }),
  };
}

function afterOf(detail: Json | undefined): string | undefined {
  const { after } = membersOf(detail);
  return typeof after === 'string' ? after : undefined;
}
