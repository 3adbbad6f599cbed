import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { followCluster } from '../../../host/pacemaker/cluster-events.ts';

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'events-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

/** Puts a program called crm_mon, which prints what a real one printed, before the real one. */
async function withCrmMon(t: TestContext, script: string): Promise<void> {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'crm_mon'), `#!/bin/bash\n${script}\n`);
  await chmod(join(directory, 'crm_mon'), 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${directory}:${before}`;
  t.after(() => {
    process.env['PATH'] = before;
  });
}

/** What `followCluster` told, up to and with the event that is waited for. */
async function eventsUntil(wanted: string): Promise<readonly string[]> {
  const events: string[] = [];
  return new Promise((resolve) => {
    const tell = (event: string) => {
      events.push(event);
      if (event === wanted || event.startsWith(wanted)) resolve(events);
    };
    const stream = followCluster({ onChange: () => tell('change'), onAway: () => tell('away') });
    void stream.ended.then(({ fault }) => tell(`ended: ${fault}`));
  });
}

test('each dot is a change, words about the connection are none', async (t) => {
  const pause = 'sleep 0.1';
  await withCrmMon(
    t,
    [
      `cat <<<'Waiting until cluster is available on this node ...'`,
      pause,
      `cat <<<'Cluster Summary:'`,
      pause,
      `printf .`,
      pause,
      `printf .`,
      pause,
      `cat <<<'Connection to the cluster-daemons terminated'`,
      pause,
      `cat <<<Reconnecting...`,
    ].join('\n'),
  );
  const events = await eventsUntil('ended');
  assert.deepEqual(events.slice(0, -1), ['away', 'change', 'change', 'change', 'away', 'away']);
});

test('the stream ends with the last words of crm_mon', async (t) => {
  await withCrmMon(t, `echo 'crm_mon: it is so' >&2; exit 1`);
  assert.deepEqual(await eventsUntil('ended'), ['ended: crm_mon: it is so']);
});

test('nothing is told after a stop', async (t) => {
  await withCrmMon(t, 'while :; do printf .; sleep 0.01; done');
  let isStopped = false;
  await new Promise<void>((resolve, reject) => {
    const stream = followCluster({
      onAway: () => reject(new Error('dots are changes')),
      onChange() {
        if (isStopped) reject(new Error('it was stopped'));
        isStopped = true;
        stream.stop();
      },
    });
    void stream.ended.then(() => resolve());
  });
});
