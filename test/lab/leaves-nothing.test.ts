/** Law: whatever happened before, `down` leaves nothing of a laboratory behind but cached images. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, systemCodeOf } from '../../shared/errors.ts';
import { pidsIn } from './cgroup.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { type Lab, labHandle, leaf } from './lab-handle.ts';
import { CHECKOUT, guestSpec, labLayout } from './layout.ts';
import { machineSnapshot } from './machine-snapshot.ts';
import { ownLabTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const NAME = `${labLayout().name}-gone`;
const silent = () => undefined;

ownLabTest('after up and down the machine is as before, and a second down does no harm', async () => {
  await leavesNothing(async (lab) => {
    await lab.up({ hosts: ['hosta', 'hostb'], guests: [] });
    await lab.down();
  });
});

for (const delayMs of [250, 600, 900, 1_200, 1_500, 2_000, 3_500, 6_000]) {
  ownLabTest(`an up that is killed -9 after ${delayMs} ms is cleared away by down`, async () => {
    await leavesNothing(async () => {
      const up = startUp();
      await sleep(delayMs);
      up.kill('SIGKILL');
      await once(up, 'close');
    });
  });
}

ownLabTest('an up that is killed -9 is cleared away by the next up', async () => {
  await leavesNothing(async (lab) => {
    const up = startUp();
    await sleep(1_300);
    up.kill('SIGKILL');
    await once(up, 'close');
    assert.equal(lab.isUp(), false);
    await lab.up({ hosts: ['hosta', 'hostb'], guests: [] });
    assert.deepEqual(await lab.onlineNodes('hosta'), ['hosta', 'hostb']);
  });
});

ownLabTest('an up that is interrupted takes away by itself what it has made', async () => {
  await leavesNothing(async (_lab, handle) => {
    const up = startUp();
    await waitFor('up has begun', 10_000, () => existsSync(handle.layout.specFile));
    up.kill('SIGINT');
    const [exitCode] = await once(up, 'close');
    assert.equal(exitCode, 130);
    await waitFor(
      'nothing is left',
      20_000,
      () => !existsSync(handle.layout.state) && !existsSync(handle.cgroup.path),
    );
  });
});

ownLabTest('an up whose output nobody reads any more takes away what it has made', async () => {
  await leavesNothing(async (_lab, handle) => {
    const up = startUp('pipe');
    up.stderr?.once('data', () => up.stderr?.destroy());
    const [exitCode] = await once(up, 'exit');
    assert.equal(exitCode, 141);
    await waitFor(
      'nothing is left',
      20_000,
      () => !existsSync(handle.layout.state) && !existsSync(handle.cgroup.path),
    );
  });
});

ownLabTest('an up that fails says why, and takes away what it has made', async () => {
  await leavesNothing(async (lab, handle) => {
    const guests = [guestSpec('guest1', 'hosta', { cluster: false, memoryMiB: 100_000_000 })];
    await assert.rejects(lab.up({ hosts: ['hosta', 'hostb'], guests }), (thrown) => {
      assert.match(messageOf(thrown), /could not be brought up: .*memory.*; it was taken away again/s);
      return true;
    });
    assert.equal(existsSync(handle.layout.state), false);
    assert.equal(existsSync(handle.cgroup.path), false);
  });
});

/** It may have ended by itself since it was listed. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ESRCH') throw thrown;
  }
}

ownLabTest(
  'a laboratory whose own processes were killed -9, or frozen, is cleared away by down',
  async () => {
    await leavesNothing(async (lab, handle) => {
      await lab.up({ hosts: ['hosta', 'hostb', 'hostc'], guests: [] });
      await lab.freeze('hostc');
      for (const group of ['power', 'wire']) {
        for (const pid of pidsIn(leaf(handle, group))) kill(pid);
      }
      await lab.signalDaemon('hosta', 'pacemakerd', 'KILL');
      for (const pid of pidsIn(leaf(handle, 'hostb')).slice(0, 3)) kill(pid);
    });
  },
);

/** The whole command line, with guests, so that a kill can meet any of its steps. */
function startUp(standardError: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  const argv = ['--import', 'tsx', join(CHECKOUT, 'test/lab/cli.ts'), 'up'];
  return spawn(process.execPath, argv, {
    cwd: CHECKOUT,
    env: { ...process.env, LAB_NAME: NAME },
    stdio: ['ignore', 'ignore', standardError],
  });
}

async function leavesNothing(action: (lab: Laboratory, handle: Lab) => Promise<void>): Promise<void> {
  const lab = laboratory(NAME, silent);
  const handle = labHandle(NAME);
  await lab.down();
  const before = machineSnapshot(handle);
  try {
    await action(lab, handle);
  } finally {
    await lab.down();
  }
  let left: string[] = [];
  await waitFor(
    'the machine is as it was before',
    3_000,
    () => {
      left = [...machineSnapshot(handle)].filter((line) => !before.has(line));
      return left.length === 0;
    },
    { seen: () => left.join('\n'), pollMs: 100 },
  );
  await lab.down();
  assert.deepEqual(
    [...machineSnapshot(handle)].filter((line) => !before.has(line)),
    [],
  );
}
