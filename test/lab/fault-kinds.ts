/**
 * What can happen in the middle of a fencing: each kind strikes at one step of the job, and is mended while or after it
 * is answered. `hosta` has the daemon that is asked, `hostb` the victim.
 */

import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BridgeStandIn } from '../support/bridge-stand-in.ts';
import { RESOURCE, startStonithd } from './fault-world.ts';
import { qemusOf } from './fencing-observer.ts';
import { VICTIM, VICTIM_XML } from './fencing-victim.ts';
import { HOSTS, stopProgram } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { programPattern } from './program-pattern.ts';
import { waitFor } from './wait-for.ts';

export interface Fault {
  readonly name: string;
  /** Before anything is asked. */
  readonly prepare?: (lab: Laboratory) => Promise<unknown>;
  readonly strike: (lab: Laboratory, bridge: BridgeStandIn) => Promise<unknown>;
  /** Begun as soon as it has struck. */
  readonly mend?: (lab: Laboratory) => Promise<unknown>;
  /** Somebody else wants it to run from then on. */
  readonly asksForAStart?: boolean;
  /** Takes its time: it costs a host its power. */
  readonly isSlow?: boolean;
}

const later = async (action: () => Promise<unknown>, delayMs = 1_000) => {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await action();
};

const signal = (host: string, program: string, name: string) => (lab: Laboratory) =>
  lab.signalDaemon(host, program, name);
const stonithd = (name: string) => (lab: Laboratory) =>
  lab.on('hosta', ['pkill', `-${name}`, '-f', programPattern('vm-stonithd ')]);

/** The one that was told to stop has to be gone first. */
const restarted = async (lab: Laboratory) => {
  await stopProgram(lab, 'hosta', 'vm-stonithd');
  await startStonithd(lab);
};

const meta = (lab: Laboratory, name: string, value: string, resource = RESOURCE) =>
  lab.ask('hosts', ['crm_resource', '-r', resource, '--meta', '-p', name, '-v', value]);
export const managed = (lab: Laboratory, value: string) => meta(lab, 'is-managed', value);
export const role = (lab: Laboratory, value: string, resource = RESOURCE) =>
  meta(lab, 'target-role', value, resource);
const property = (lab: Laboratory, name: string, value: string) =>
  lab.ask('hosts', ['crm_attribute', '-n', name, '-v', value]);

/** Frozen as long as it takes to be missed, or only for a moment. */
const frozenForASecond = (host: string, program: string): Pick<Fault, 'strike' | 'mend'> => ({
  strike: signal(host, program, 'STOP'),
  mend: (lab) => later(() => signal(host, program, 'CONT')(lab)),
});

/** Pacemaker gives a fencing 60 s, and asks anew when a daemon that was to answer has died meanwhile. */
const FENCED_WITHIN_MS = 180_000;

/** hostb can't shoot first: it is hosta that has to answer. */
const disarm = (lab: Laboratory) => lab.signalDaemon('hostb', 'pacemaker-fenced', 'STOP');

/** How soon a host is missed whose daemons don't come back in time. */
const MISSED_WITHIN_MS = 20_000;

/** That host is fenced by the other, and comes back; or, where it `mayRecover`, is a member as before. */
function costsAHost(
  strike: (lab: Laboratory) => Promise<unknown>,
  { host = 'hostb', mayRecover = false } = {},
): Pick<Fault, 'strike' | 'mend' | 'isSlow'> {
  let root: string | undefined;
  let struckMs = 0;
  return {
    isSlow: true,
    async strike(lab) {
      root = lab.rootOf(host);
      await strike(lab);
      struckMs = performance.now();
    },
    async mend(lab) {
      const other = HOSTS.find((one) => one !== host) ?? host;
      const logs = [join(lab.layout.hostDirectory(other), 'layer/var/log/pacemaker/pacemaker.log')];
      const isFenced = () => isBack(lab.rootOf(host), root);
      const hasRecovered = async () =>
        mayRecover &&
        performance.now() - struckMs > MISSED_WITHIN_MS &&
        (await lab.onlineNodes(other)).includes(host);
      const isOver = async () => isFenced() || (await hasRecovered());
      await waitFor(`${host} has been fenced`, FENCED_WITHIN_MS, isOver, { pollMs: 50, logs });
      await lab.mend(host);
    },
  };
}

const isBack = (root: string | undefined, before: string | undefined) =>
  root !== undefined && root !== before;

const onFail = (lab: Laboratory, what: 'fence' | 'block') => {
  const change = `<op id="${RESOURCE}-stop" on-fail="${what}"/>`;
  return lab.ask('hosts', ['cibadmin', '--modify', '--scope', 'resources', '--xml-text', change]);
};

/** The agent's stop fails when it can't read which machine it is for; at once, for the stop comes soon. */
const takeXml = (lab: Laboratory) => renameSync(xmlOutside(lab), `${xmlOutside(lab)}.away`);
const giveXml = (lab: Laboratory) => renameSync(`${xmlOutside(lab)}.away`, xmlOutside(lab));
const xmlOutside = (lab: Laboratory) => join(lab.layout.images, basename(VICTIM_XML));

const LONGER_THAN_A_REQUEST_MS = 12_000;

/** Every host expects more votes than there are. */
async function quorum(lab: Laboratory, isThere: boolean): Promise<void> {
  const [votes, twoNode] = isThere
    ? ['-D quorum.expected_votes', 'u8 1']
    : ['-s quorum.expected_votes u32 9', 'u8 0'];
  const script = `corosync-cmapctl ${votes}; corosync-cmapctl -s quorum.two_node ${twoNode}`;
  for (const host of lab.spec().hosts) await lab.output(host, ['/bin/sh', '-c', script]);
}

export const FAULTS: readonly Fault[] = [
  { name: 'vm-stonithd killed', strike: stonithd('KILL'), mend: startStonithd },
  { name: 'vm-stonithd told to stop', strike: stonithd('TERM'), mend: restarted },
  {
    name: 'vm-stonithd frozen for 1 s',
    strike: stonithd('STOP'),
    mend: (lab) => later(() => stonithd('CONT')(lab)),
  },
  { name: 'the link to vm-connectd cut', strike: async (_lab, bridge) => bridge.breakLink() },
  { name: 'called off by the requester', strike: async (_lab, bridge) => bridge.callOff() },
  {
    name: 'libvirtd killed',
    strike: signal('hostb', 'libvirtd', 'KILL'),
    mend: (lab) => later(() => lab.startDaemon('hostb', 'libvirtd')),
  },
  { name: 'libvirtd frozen for 1 s', ...frozenForASecond('hostb', 'libvirtd') },
  {
    name: "the victim's QEMU frozen",
    strike: async (lab) => {
      for (const pid of qemusOf(lab, VICTIM)) process.kill(pid, 'SIGSTOP');
    },
  },
  { name: 'pacemaker-attrd killed', strike: signal('hosta', 'pacemaker-attrd', 'KILL') },
  { name: 'pacemaker-attrd frozen for 1 s', ...frozenForASecond('hosta', 'pacemaker-attrd') },
  { name: 'pacemaker-fenced killed', strike: signal('hosta', 'pacemaker-fenced', 'KILL') },
  { name: 'the scheduler killed', strike: signal('hosta', 'pacemaker-schedulerd', 'KILL') },
  { name: 'pacemaker-execd killed', strike: signal('hostb', 'pacemaker-execd', 'KILL') },
  {
    name: 'pacemakerd killed',
    strike: signal('hosta', 'pacemakerd', 'KILL'),
    mend: (lab) => later(() => lab.startDaemon('hosta', 'pacemakerd')),
  },
  {
    name: 'unmanaged meanwhile',
    strike: (lab) => managed(lab, 'false'),
    mend: (lab) => later(() => managed(lab, 'true')),
  },
  {
    name: 'maintenance meanwhile',
    strike: (lab) => property(lab, 'maintenance-mode', 'true'),
    mend: (lab) => later(() => property(lab, 'maintenance-mode', 'false')),
  },
  { name: 'started by an admin meanwhile', asksForAStart: true, strike: (lab) => role(lab, 'Started') },
  {
    name: 'the stop fails, and blocks',
    prepare: (lab) => onFail(lab, 'block'),
    strike: async (lab) => takeXml(lab),
    mend: (lab) =>
      later(async () => {
        giveXml(lab);
        // While the failure is on record, on-fail=fence would cost the host its power, and the clean-up its answer.
        await lab.ask('hosts', ['crm_resource', '--cleanup', '-r', RESOURCE]);
        await onFail(lab, 'fence');
      }),
  },
  {
    name: 'quorum lost for 1 s',
    strike: (lab) => quorum(lab, false),
    mend: (lab) => later(() => quorum(lab, true)),
  },
  {
    name: 'the stop fails, and costs the host',
    isSlow: true,
    strike: async (lab) => takeXml(lab),
    // Only where it strikes before the stop; then the host is fenced in the time that the request has.
    mend: (lab) => later(async () => giveXml(lab), LONGER_THAN_A_REQUEST_MS),
  },
  { name: 'the host that was asked killed', ...costsAHost((lab) => lab.kill('hosta'), { host: 'hosta' }) },
  {
    name: 'its pacemaker-based killed',
    ...costsAHost((lab) => lab.signalDaemon('hosta', 'pacemaker-based', 'KILL'), {
      host: 'hosta',
      mayRecover: true,
    }),
  },
  { name: "the victim's host killed", ...costsAHost((lab) => lab.kill('hostb')) },
  { name: "the victim's host frozen", ...costsAHost((lab) => lab.freeze('hostb')) },
  {
    name: "the victim's host cut off",
    ...costsAHost(async (lab) => {
      await disarm(lab);
      await lab.cut('hostb');
    }),
  },
  {
    name: "the victim's host unclean, and not fenced",
    ...costsAHost(async (lab) => {
      lab.setPowerSwitch('fails');
      await lab.freeze('hostb');
      setTimeout(() => lab.setPowerSwitch('works'), LONGER_THAN_A_REQUEST_MS);
    }),
  },
];
