/** Laws of commands in hosts and guests. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labTest } from './shared-lab.ts';

const TALKATIVE = ['/bin/sh', '-c', 'cat; echo words; echo complaint >&2; exit 7'];

for (const target of ['hosta', 'guest1']) {
  labTest(`exit status, output, errors and input come through (${target})`, async (lab) => {
    const run = target === 'hosta' ? lab.on : lab.in;
    const result = await run(target, TALKATIVE, { input: 'spoken: äöü\n' });
    assert.equal(result.kind === 'exited' && result.exitCode, 7);
    assert.equal(result.stdout, 'spoken: äöü\nwords\n');
    assert.equal(result.stderr, 'complaint\n');
  });

  labTest(`a command that does not end is killed at its deadline (${target})`, async (lab) => {
    const run = target === 'hosta' ? lab.on : lab.in;
    const result = await run(target, ['sleep', '1234'], { deadlineMs: 1_000 });
    assert.equal(result.kind, 'deadline');
    assert.ok(result.elapsedMs < 5_000);
    const left = await run(target, ['pidof', 'sleep', '-S', '\n']);
    const pids = left.stdout.split('\n').filter(Boolean);
    for (const pid of pids) {
      const { stdout } = await run(target, ['cat', `/proc/${pid}/cmdline`]);
      assert.ok(!stdout.includes('1234'), 'it still runs');
    }
  });

  labTest(`a program that is not there is said to be not there (${target})`, async (lab) => {
    const run = target === 'hosta' ? lab.on : lab.in;
    const result = await run(target, ['no-such-program']);
    assert.ok(result.kind === 'not-started' || (result.kind === 'exited' && result.exitCode === 127));
  });
}

labTest('commands reach a guest with its network cut, and after it has moved', async (lab) => {
  await lab.cut('guest1');
  assert.equal(await lab.output('guest1', ['hostname']), 'guest1\n');
  await lab.migrate('guest1', 'hostb');
  assert.equal(lab.hostOf('guest1'), 'hostb');
  assert.equal(await lab.output('guest1', ['hostname']), 'guest1\n');
});

labTest('a command that ends its guest is told from one that does not end', async (lab) => {
  await lab.define('guest9', 'hosta', { cluster: false });
  await lab.start('guest9');
  await lab.waitForAgent('guest9');
  const result = await lab.in('guest9', ['/bin/sh', '-c', 'shutdown -h now; sleep 60']);
  assert.deepEqual([result.kind, lab.hostOf('guest9')], ['signalled', undefined]);
});

labTest('megabytes get into a guest in seconds, whole, with their modes', async (lab, t) => {
  const large = randomBytes(16 * 1024 * 1024);
  const folder = mkdtempSync(join(tmpdir(), 'lab-push-'));
  try {
    mkdirSync(join(folder, 'some files'));
    writeFileSync(join(folder, 'some files/large'), large);
    writeFileSync(join(folder, 'some files/tool'), '#!/bin/sh\necho it runs\n', { mode: 0o755 });
    const startedMs = performance.now();
    await lab.push('guest1', join(folder, 'some files'), '/opt/else where');
    t.diagnostic(`16 MiB into a guest: ${Math.round(performance.now() - startedMs)} ms`);
    assert.equal(await lab.output('guest1', ['/opt/else where/tool']), 'it runs\n');
    const { stdout } = await lab.in('guest1', ['sha256sum'], { input: randomBytes(300_000) });
    assert.match(stdout, /^[0-9a-f]{64} /, 'input that is too long for the agent gets there as well');
    const there = await lab.output('guest1', ['sha256sum', '/opt/else where/large']);
    assert.equal(there.slice(0, 64), createHash('sha256').update(large).digest('hex'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
