/** ocf:extra:VirtualDomain as resource agents are tested, and what it does when a mark comes. */
import assert from 'node:assert/strict';
import { isAlive } from './fencing-observer.ts';
import { VICTIM, writeVictim } from './fencing-victim.ts';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const AGENT = '/usr/lib/ocf/resource.d/extra/VirtualDomain';
const RESOURCE = 'plain';

async function call(
  lab: Laboratory,
  xml: string,
  action: string,
  more: Readonly<Record<string, string>> = {},
) {
  const env = {
    OCF_ROOT: '/usr/lib/ocf',
    OCF_RESOURCE_INSTANCE: RESOURCE,
    OCF_RESKEY_config: xml,
    OCF_RESKEY_CRM_meta_timeout: '60000',
    ...more,
  };
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const result = await lab.on('hosta', ['env', ...words, AGENT, action]);
  return result.kind === 'exited' ? result.exitCode : result.kind;
}

const mark = (lab: Laboratory, until: number) =>
  lab.output('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-U', `r-1:${until}`, '-p']);

labTest('the resource agent passes ocf-tester, and ends at once what is marked', async (lab) => {
  await lab.pushPrograms();
  const xml = await writeVictim(lab);
  const tested = await lab.on('hosta', ['ocf-tester', '-n', RESOURCE, '-o', `config=${xml}`, AGENT], {
    deadlineMs: 240_000,
  });
  assert.match(tested.stdout, /passed all tests/, tested.stdout + tested.stderr);
  const inAMinute = Math.round(Date.now() / 1000) + 60;
  assert.equal(await call(lab, xml, 'start'), 0);
  // It has no system that could shut down: asked politely it goes on until the limit, unless the mark comes meanwhile.
  const stopping = call(lab, xml, 'stop');
  await waitFor('it was asked to shut down', 20_000, async () => {
    const shown = await lab.on('hosta', ['pgrep', '-f', 'heartbeat/VirtualDomain stop']);
    return shown.kind === 'exited' && shown.exitCode === 0;
  });
  assert.ok(isAlive(lab, VICTIM));
  await mark(lab, inAMinute);
  assert.equal(await stopping, 0);
  assert.equal(isAlive(lab, VICTIM), false);

  assert.equal(await call(lab, xml, 'start'), 0);
  const target = {
    OCF_RESKEY_CRM_meta_migrate_target: 'hostb',
    OCF_RESKEY_migration_transport: 'tcp',
    OCF_RESKEY_migrate_options: '--bandwidth=1',
  };
  assert.equal(await call(lab, xml, 'migrate_to', target), 0, 'a migration that is cut short is no failure');
  for (const host of lab.spec().hosts) await lab.on(host, ['virsh', '-q', 'destroy', VICTIM]);
  assert.equal(isAlive(lab, VICTIM), false);
  await lab.output('hosta', ['attrd_updater', '-n', `force_stop-${RESOURCE}`, '-D']);
});
