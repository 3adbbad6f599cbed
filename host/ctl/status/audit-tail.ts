/** The end of vm-stonithd's audit log on this host: who wanted whom fenced, and what came of it. */
import { open } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import type { AuditRecord } from '../../stonith/service/audit-log.ts';
import { message } from '../messages/message.ts';
import type { Answer } from './seen.ts';

export type AuditEntry = Pick<
  AuditRecord,
  'time' | 'requester' | 'target' | 'operation' | 'result' | 'reason' | 'durationMs'
>;

const TAIL_BYTES = 64 * 1024;

/** The newest first, also of the log that logrotate has put aside last. A new host has neither, and no record. */
export async function auditTail(path: string, most: number): Promise<Answer<readonly AuditEntry[]>> {
  const found: AuditEntry[] = [];
  for (const log of [path, `${path}.1`]) {
    try {
      if (found.length < most) found.push(...auditEntriesIn(await tailOf(log)).reverse());
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'ENOENT')
        return {
          kind: 'silent',
          problem: message('audit-unreadable', { path: log, fault: messageOf(thrown) }),
        };
    }
  }
  return { kind: 'told', value: found.slice(0, most) };
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The oldest first. What stands before the first line break may be half a record, and is none then. */
export const auditEntriesIn = (text: string): AuditEntry[] => text.split('\n').flatMap(entryIn);

function entryIn(line: string): readonly AuditEntry[] {
  if (!line.startsWith('{')) return [];
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const record: Readonly<Record<string, unknown>> = { ...value };
  const text = (name: string) => {
    const found = record[name];
    return typeof found === 'string' ? found : '';
  };
  if (text('time') === '' || text('result') === '') return [];
  const { durationMs } = record;
  return [
    {
      time: text('time'),
      requester: text('requester'),
      target: text('target') || null,
      operation: text('operation'),
      result: text('result'),
      reason: text('reason'),
      durationMs: typeof durationMs === 'number' && Number.isFinite(durationMs) ? durationMs : 0,
    },
  ];
}
