/** Fencing on real clusters: a guest is dead when we say so, wherever it runs, and nothing is left behind. */
import assert from 'node:assert/strict';
import { isAlive } from './fencing-observer.ts';
import { resourceOf } from './fencing-tokens.ts';
import { buildFencingWorld, endFencingWorld, HOSTS } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const VICTIM = resourceOf('guest2');

async function inWorld(lab: Laboratory, story: () => Promise<void>): Promise<void> {
  try {
    await buildFencingWorld(lab);
    await story();
  } finally {
    await endFencingWorld(lab);
  }
}

const fence = (lab: Laboratory, action: string, ...more: readonly string[]) =>
  lab.in('guest1', ['fence_vm', '-v', '-o', action, '-n', 'guest2', ...more]);

/** libvirt's own files tell of an end some 200 ms after it. */
const isDead = (lab: Laboratory) => !isAlive(lab, 'guest2');

async function assertNothingLeft(lab: Laboratory, role: string): Promise<void> {
  const resources = await lab.output('hosta', ['cibadmin', '--query', '--scope', 'resources']);
  assert.ok(!resources.includes('name="vm-stonithd"'), 'a record is left');
  const values = await lab.output('hosta', ['attrd_updater', '-Q', '-A', '-n', `force_stop-${VICTIM}`]);
  assert.match(values, /value=""\s*$/, 'a mark is left');
  assert.ok(resources.includes(`id="${VICTIM}-meta-target-role" name="target-role" value="${role}"`));
}

async function bringBack(lab: Laboratory): Promise<void> {
  await lab.output('guest1', ['fence_vm', '-o', 'on', '-n', 'guest2']);
  await lab.waitForAgent('guest2', 120_000);
}

const exitCode = (result: Awaited<ReturnType<typeof fence>>) =>
  result.kind === 'exited' ? result.exitCode : result.kind;

labTest(
  'off, status, on and reboot do what they say, and leave nothing',
  async (lab, t) => {
    await inWorld(lab, async () => {
      const startedMs = performance.now();
      assert.equal(exitCode(await fence(lab, 'off')), 0);
      assert.ok(isDead(lab), 'it was said to be off');
      t.diagnostic(`off, through the guest's agent: ${Math.round(performance.now() - startedMs)} ms`);
      assert.equal(exitCode(await fence(lab, 'status')), 2);
      await settle(lab, () => assertNothingLeft(lab, 'Stopped'));
      await bringBack(lab);
      assert.equal(exitCode(await fence(lab, 'status')), 0);
      assert.equal(exitCode(await fence(lab, 'reboot')), 0);
      await lab.waitForAgent('guest2', 120_000);
      await settle(lab, () => assertNothingLeft(lab, 'Started'));
    });
  },
  { limitMs: 600_000 },
);

labTest(
  'a guest is fenced while it is frozen, and while it migrates',
  async (lab) => {
    await inWorld(lab, async () => {
      await lab.freeze('guest2');
      assert.equal(exitCode(await fence(lab, 'off')), 0);
      assert.ok(isDead(lab));
      await bringBack(lab);
      await lab.waitForIdle('hosts');
      await lab.output('hosta', ['crm_resource', '--move', '-r', VICTIM, '-N', 'hosta']);
      assert.equal(exitCode(await fence(lab, 'off')), 0);
      assert.ok(isDead(lab));
    });
  },
  { limitMs: 600_000 },
);

const impossible: readonly { name: string; argv: readonly string[]; undo: readonly string[] }[] = [
  {
    name: 'an unmanaged guest',
    argv: ['crm_resource', '-r', VICTIM, '--meta', '-p', 'is-managed', '-v', 'false'],
    undo: ['crm_resource', '-r', VICTIM, '--meta', '-d', 'is-managed'],
  },
  {
    name: 'a cluster in maintenance',
    argv: ['crm_attribute', '-n', 'maintenance-mode', '-v', 'true'],
    undo: ['crm_attribute', '-n', 'maintenance-mode', '-v', 'false'],
  },
];

labTest(
  'what can not be fenced is refused at once, and nothing is touched',
  async (lab) => {
    await inWorld(lab, async () => {
      for (const { name, argv, undo } of impossible) {
        await lab.output('hosta', argv);
        await lab.waitForIdle('hosts');
        const result = await fence(lab, 'off');
        assert.equal(exitCode(result), 1, name);
        assert.match(result.stderr, /"result":"failed"/, name);
        assert.ok(!isDead(lab), name);
        await lab.output('hosta', undo);
        await lab.waitForIdle('hosts');
      }
    });
  },
  { limitMs: 600_000 },
);

/** Tidying comes behind the answer. */
async function settle(lab: Laboratory, check: () => Promise<void>): Promise<void> {
  let fault: unknown;
  try {
    await waitFor(
      'nothing is left',
      50_000,
      async () => {
        try {
          await check();
          return true;
        } catch (thrown) {
          fault = thrown;
          return false;
        }
      },
      { pollMs: 200 },
    );
  } catch {
    throw fault;
  }
  for (const host of HOSTS) assert.ok(lab.isRunning(host));
}
