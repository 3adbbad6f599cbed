/** A guest under the published configuration of its hosts, and how long it takes to leave a host that is ill. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { HOSTS } from './fencing-world.ts';
import { HOST_CLONES, ON_HOSTS } from './health-texts.ts';
import { attributeIn, loadByCrm, PATIENCE_MS, prepareHosts, say, secondsSince } from './health-world.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const GUEST = 'guest3';

/** The clones run on both hosts, and no guest goes anywhere without a reason. */
export async function loadPublished(lab: Laboratory): Promise<void> {
  await lab.define(GUEST, 'hosta', { cluster: false });
  await prepareHosts(lab);
  for (const text of ON_HOSTS) await loadByCrm(lab, 'hosta', text);
  const stickiness = ['--name', 'resource-stickiness', '--update', 'INFINITY'];
  await lab.output('hosta', ['crm_attribute', '--type', 'rsc_defaults', ...stickiness]);
  await lab.waitForIdle('hosts', PATIENCE_MS);
  for (const clone of HOST_CLONES) {
    const found = await lab.output('hosta', ['crm_resource', '--locate', '--resource', clone]);
    for (const host of HOSTS) assert.match(found, new RegExp(`is running on: ${host}`), clone);
  }
  for (const host of HOSTS) await healthy(lab, host);
}

export async function addGuest(lab: Laboratory): Promise<void> {
  const vmCtl = (...words: string[]) =>
    lab.output('hosta', ['vm-ctl', 'resource', ...words], { deadlineMs: PATIENCE_MS });
  await vmCtl('add', GUEST, '-a', 'hosta');
  // So small a guest does not listen to its power button.
  const force = ['--set-parameter', 'force_stop', '--parameter-value', 'true'];
  await lab.output('hosta', ['crm_resource', '--resource', `prmVMCTL_${GUEST}`, ...force]);
  await vmCtl('start', GUEST);
  assert.equal(lab.hostOf(GUEST), 'hosta');
}

/** Breaks something on the host where the guest runs; the guest then runs on the other one, the same as before. */
export async function leaves(
  lab: Laboratory,
  t: TestContext,
  cause: string,
  act: (host: string) => Promise<unknown>,
): Promise<void> {
  const from = lab.hostOf(GUEST) ?? '';
  const to = HOSTS.find((host) => host !== from) ?? '';
  await healthy(lab, to);
  const before = await bootOf(lab);
  const causeMs = performance.now();
  await act(from);
  await waitFor(`${GUEST} has left ${from}`, PATIENCE_MS, () => lab.hostOf(GUEST) === to, { pollMs: 50 });
  say(t, `${cause} on ${from}, until ${GUEST} runs on ${to}`, secondsSince(causeMs));
  await lab.waitForIdle('hosts', PATIENCE_MS);
  assert.equal(await bootOf(lab), before, 'it was migrated live, not started anew');
}

/** Another one after each start. */
async function bootOf(lab: Laboratory): Promise<string> {
  await lab.waitForAgent(GUEST, PATIENCE_MS);
  return lab.output(GUEST, ['cat', '/proc/sys/kernel/random/boot_id']);
}

export async function healthy(lab: Laboratory, host: string): Promise<void> {
  const names = ['default_ping_set', 'diskcheck_status', 'operator_check_status'];
  let seen = '';
  await waitFor(
    `${host} is healthy`,
    PATIENCE_MS,
    async () => {
      seen = (await Promise.all(names.map((name) => attributeIn(lab, host, host, name)))).join();
      return seen === '100,normal,normal';
    },
    { pollMs: 100, seen: () => seen },
  );
}
