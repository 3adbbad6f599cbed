/** Audit logs are read line by line as they grow, also of a host that comes back with a new one. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditWatch } from './audit-watch.ts';

const LOG = 'var/log/pm-kvm-tools/audit.log';
const line = (id: string) =>
  `${JSON.stringify({ time: '2024-01-01T00:00:00.000Z', requester: 'a', target: 't', operation: 'off', result: 'confirmed', durationMs: 1, id })}\n`;

test('each line is told once, when it is whole, and what a lost host had told stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-audit-'));
  try {
    const boot = (name: string) => {
      mkdirSync(join(folder, name, 'var/log/pm-kvm-tools'), { recursive: true });
      return join(folder, name);
    };
    let root: string | undefined = boot('first');
    const watch = new AuditWatch(() => root);
    const read = () => watch.read(['hosta'], 0).map(({ id }) => id);
    assert.deepEqual(read(), []);
    const text = line('two');
    appendFileSync(join(root, LOG), line('one') + text.slice(0, 20));
    assert.deepEqual(read(), ['one']);
    assert.deepEqual(read(), []);
    appendFileSync(join(root, LOG), text.slice(20));
    assert.deepEqual(read(), ['two']);
    renameSync(root, join(folder, 'lost'));
    root = undefined;
    assert.deepEqual(read(), []);
    root = boot('second');
    appendFileSync(join(root, LOG), line('three'));
    assert.deepEqual(read(), ['three']);
    assert.equal(watch.all.length, 3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
