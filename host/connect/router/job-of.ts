/** From a request to the job that it becomes. */
import { askersOf, type Call } from './call.ts';
import { type Job, OVERHEAD_BYTES } from './job.ts';

export function jobOf(call: Call, uuid: string | undefined, nowMs: number): Job {
  const { guest, id, service, text, v1 } = call;
  const detail = call.detail === undefined ? undefined : JSON.stringify(call.detail);
  return {
    guest,
    uuid,
    id,
    service,
    text,
    detail,
    protocol: v1 === undefined ? 2 : 1,
    bytes: OVERHEAD_BYTES + id.length + Buffer.byteLength(text) + Buffer.byteLength(detail ?? ''),
    askers: askersOf(call),
    timesSent: 0,
    toldDeadlineMs: Number.NEGATIVE_INFINITY,
    deadlineMs: nowMs + call.deadlineMs,
    heapIndex: -1,
  };
}
