import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDomainJob, queryDomainJob } from '../../../host/libvirt/job-info.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

const recorded = () =>
  readFile(new URL('../../support/recorded/libvirt/domjobinfo.txt', import.meta.url), 'utf8');

test('a migration says how much memory is to copy and how fast it goes', async () => {
  assert.deepEqual(parseDomainJob(await recorded()), {
    ok: true,
    job: {
      kind: 'running',
      elapsedMs: 785,
      memory: {
        totalBytes: 50_724_864,
        processedBytes: 598_858,
        remainingBytes: 0,
        bytesPerSecond: 1_067_930,
      },
    },
  });
});

test('no job, and one that is over, are none; what is no answer is unreadable', () => {
  for (const type of [0, 3, 4, 5]) {
    assert.deepEqual(parseDomainJob(`Job type: ${type}\n\n`), { ok: true, job: { kind: 'none' } });
  }
  for (const text of ['', 'Job type: many', 'memory_total: 5']) {
    const result = parseDomainJob(text);
    assert.ok(!result.ok && result.kind === 'unreadable');
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseDomainJob(text)));
});

test('a domain that libvirt does not know has no job, and that is a failure of its own', async () => {
  const result = await queryDomainJob(
    { run: runCommand, uri: 'test:///default', deadlineMs: 10_000 },
    { name: 'gone' },
  );
  assert.ok(!result.ok && result.kind === 'no-such-domain', JSON.stringify(result));
});
