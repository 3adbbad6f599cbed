/**
 * One story of two clusters: the guest that runs a service is frozen, its peer's cluster notices, fences it through the
 * bridge and the hosts' cluster, and takes the service over. Watched from outside: QEMU's processes, and the logs as
 * they are written.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { qemusOf } from './fencing-observer.ts';
import { HOSTS } from './fencing-world.ts';
import { GuestClusterLog } from './guest-cluster-log.ts';
import type { Laboratory } from './lab.ts';
import { Tail } from './tail.ts';
import { waitFor } from './wait-for.ts';

export const REQUESTER = 'guest1';
export const VICTIM = 'guest2';
const SERVICE = 'service';
const LOOK_MS = 5;
const PATIENCE_MS = 120_000;

/** In the order in which they come; each is the time since the victim was frozen. */
export const STAGES = ['missed', 'asked', 'dead', 'confirmed', 'fenced', 'taken over'] as const;
export type Stage = (typeof STAGES)[number];
export type Times = ReadonlyMap<Stage, number>;

const CONFIGURATION = `<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="cib-bootstrap-options-stonith-enabled" name="stonith-enabled" value="true"/>
<nvpair id="cib-bootstrap-options-stonith-action" name="stonith-action" value="off"/>
<nvpair id="cib-bootstrap-options-no-quorum-policy" name="no-quorum-policy" value="ignore"/></cluster_property_set></crm_config>
<resources><primitive id="${SERVICE}" class="ocf" provider="pacemaker" type="Dummy"/></resources>
<constraints><rsc_location id="${SERVICE}-place" rsc="${SERVICE}" node="${VICTIM}" score="100"/></constraints>
</configuration>`;

/** A service that prefers the victim, and nothing that a cluster of two would wait for. It needs a device to start. */
export async function configureService(lab: Laboratory): Promise<void> {
  const words = ['--modify', '--allow-create', '--scope', 'configuration', '--xml-text', CONFIGURATION];
  await lab.output(REQUESTER, ['cibadmin', ...words]);
}

export async function setAction(lab: Laboratory, action: 'off' | 'reboot'): Promise<void> {
  await lab.output(REQUESTER, ['crm_attribute', '--name', 'stonith-action', '--update', action]);
}

/** Through the tools that admins use; python takes its time in such a guest. */
const TOOL_MS = 300_000;

export async function loadByCrm(lab: Laboratory, configuration: string): Promise<void> {
  await lab.output(REQUESTER, ['/bin/sh', '-c', 'cat >/run/story.crm'], { input: configuration });
  const argv = ['crm', '--force', 'configure', 'load', 'update', '/run/story.crm'];
  await lab.output(REQUESTER, argv, { deadlineMs: TOOL_MS });
}

/** As an admin does it with pcs where no pcsd runs: on a copy of the configuration, which is then put in its place. */
export async function configureByPcs(lab: Laboratory, ...words: readonly string[]): Promise<void> {
  const copy = '/run/story.xml';
  await lab.output(REQUESTER, ['/bin/sh', '-c', `cibadmin --query >${copy}`]);
  await lab.output(REQUESTER, ['pcs', '-f', copy, ...words], { deadlineMs: TOOL_MS });
  await lab.output(REQUESTER, ['cibadmin', '--replace', '--scope', 'configuration', '--xml-file', copy]);
}

export async function waitForService(lab: Laboratory, deadlineMs = PATIENCE_MS): Promise<void> {
  await waitFor(`the service runs on ${VICTIM}`, deadlineMs, () => runsOn(lab, VICTIM), { pollMs: 300 });
}

async function runsOn(lab: Laboratory, guest: string): Promise<boolean> {
  const found = await lab.output(REQUESTER, ['crm_resource', '--locate', '--quiet', '-r', SERVICE]);
  return found.trim() === guest;
}

/** What the requester's cluster logs of this story. */
const TOLD = `Node ${VICTIM} state is now lost|Operation .* targeting ${VICTIM} .*: OK|Result of start operation for ${SERVICE} on ${REQUESTER}: ok`;

export interface Course {
  /** What goes on beside it. */
  readonly meanwhile?: () => Promise<void>;
  /** The victim is started again by whoever fences it. */
  readonly isReboot?: boolean;
  /** QEMU as a whole, or its processors alone, as a guest is that hangs: such a QEMU can still be asked to end. */
  readonly frozen?: 'qemu' | 'vcpu';
  /** Those that have to be seen; of another way of fencing our daemons say nothing. */
  readonly stages?: readonly Stage[];
}

/**
 * Freezes the victim and watches until its service runs on the requester.
 *
 * From the moment on in which anybody says that the victim is fenced, nothing of it may live that had lived before, on
 * whichever host; and nothing at all unless it was rebooted.
 */
export async function watchStory(
  lab: Laboratory,
  { meanwhile, isReboot = false, frozen = 'qemu', stages = STAGES }: Course = {},
): Promise<Times> {
  const times = new Map<Stage, number>();
  const former = new Set<number>();
  const clusterLog = await GuestClusterLog.begin(lab, [REQUESTER], TOLD);
  const daemonLogs = HOSTS.map((host) => new Tail(join(lab.rootOf(host) ?? '', 'var/log/vm-stonithd.log')));
  await lab.freeze(VICTIM, frozen);
  const startedMs = performance.now();
  const note = (stage: Stage) => {
    if (!times.has(stage)) times.set(stage, Math.round(performance.now() - startedMs));
  };
  const look = () => {
    const said = clusterLog.read(REQUESTER);
    const done = daemonLogs.map((log) => log.read()).join('');
    if (said.includes('state is now lost')) note('missed');
    if (/: inspecting => (marking|ordering) /.test(done)) note('asked');
    if (/ => (clearing|starting) /.test(done)) note('confirmed');
    if (said.includes('targeting')) note('fenced');
    if (said.includes('Result of start')) note('taken over');
    const alive = qemusOf(lab, VICTIM);
    const isSaidDead = times.has('confirmed') || times.has('fenced');
    if (!isSaidDead) for (const pid of alive) former.add(pid);
    const wrong = isSaidDead ? alive.filter((pid) => !isReboot || former.has(pid)) : [];
    assert.deepEqual(wrong, [], `it was said to be dead: ${wordsOf(times)}`);
    if (!alive.some((pid) => former.has(pid))) note('dead');
    return times.has('taken over');
  };
  const beside = meanwhile?.();
  await waitFor('the service has been taken over', PATIENCE_MS, look, {
    pollMs: LOOK_MS,
    seen: () => wordsOf(times),
  });
  await beside;
  await clusterLog.end();
  assert.deepEqual([...times.keys()].toSorted(byStage), [...stages], 'every stage was seen');
  assert.ok(await runsOn(lab, REQUESTER));
  return times;
}

const byStage = (one: Stage, other: Stage) => STAGES.indexOf(one) - STAGES.indexOf(other);

export const wordsOf = (times: Times): string =>
  STAGES.map((stage) => `${stage} ${times.get(stage) ?? '-'}`).join(', ');

/** The cluster of the guests is whole again, with the service where it was. */
export async function bringBack(lab: Laboratory): Promise<void> {
  await lab.output(REQUESTER, ['fence_vm', '-o', 'on', '-n', VICTIM], { deadlineMs: PATIENCE_MS });
  await lab.waitForOnline('guests', undefined, 180_000);
  await waitForService(lab);
}
