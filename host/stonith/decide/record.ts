/**
 * What a fencing job writes into the cluster, so that other hosts and later daemons know of it.
 *
 * - The *record* stands beside `target-role` in the resource's meta attributes and is written in the same update: it
 *   says how to put the role back, whose job it is, and until when.
 * - The *mark* is the value of the node attribute `force_stop-<resource>`: `<request id>:<unix seconds>`. The resource
 *   agent obeys it until that time.
 *
 * Both are plain words without spaces. Request ids may hold colons, therefore the id stands last.
 */
export type RecordedOperation = 'off' | 'reset' | 'on';

export interface FenceRecord {
  readonly id: string;
  readonly operation: RecordedOperation;
  readonly untilWallMs: number;
  /** The guest that asked. */
  readonly requester: string;
  /** The host whose daemon does it. */
  readonly host: string;
  /** The role to put back; undefined: there was none. */
  readonly formerRole: string | undefined;
}

/** So far the wall clocks of hosts may differ: what another one wrote is over only so long after its time. */
export const CLOCKS_AGREE_MS = 10_000;

export const RECORD_ATTRIBUTE = 'vm-stonithd';
export const markAttribute = (resource: string): string => `force_stop-${resource}`;

const NONE = '-';
const FIELDS = 6;

export function formatRecord(record: FenceRecord): string {
  return [
    record.operation,
    Math.ceil(record.untilWallMs / 1000),
    encodeURIComponent(record.requester),
    encodeURIComponent(record.host),
    record.formerRole === undefined ? NONE : encodeURIComponent(record.formerRole),
    record.id,
  ].join(':');
}

/** Undefined for what is no record of ours: it must not be acted upon. */
export function parseRecord(text: string): FenceRecord | undefined {
  const parts = text.split(':');
  const [operation, until, requester, host, formerRole] = parts;
  const id = parts.slice(FIELDS - 1).join(':');
  if (operation !== 'off' && operation !== 'reset' && operation !== 'on') return undefined;
  if (until === undefined || !/^\d{1,12}$/.test(until) || id === '') return undefined;
  try {
    return {
      id,
      operation,
      untilWallMs: Number(until) * 1000,
      requester: decodeURIComponent(requester ?? ''),
      host: decodeURIComponent(host ?? ''),
      formerRole: formerRole === NONE ? undefined : decodeURIComponent(formerRole ?? ''),
    };
  } catch {
    return undefined;
  }
}

export function formatMark(id: string, untilWallMs: number): string {
  return `${id}:${Math.ceil(untilWallMs / 1000)}`;
}

export function parseMark(text: string): { id: string; untilWallMs: number } | undefined {
  const match = /^(.+):(\d{1,12})$/.exec(text);
  const [, id, until] = match ?? [];
  return id === undefined ? undefined : { id, untilWallMs: Number(until) * 1000 };
}
