/**
 * From the moment in which a guest freezes until its service runs on its peer, with the stages between, in a cluster of
 * two guests on two hosts: fenced by fence_vm, through the cluster of the hosts, and by fence_xvm, by the libvirt of the
 * one host whose guests its daemon knows. Which fences is the only difference.
 */

import {
  bringBack,
  configureService,
  REQUESTER,
  STAGES,
  type Stage,
  VICTIM,
  waitForService,
  watchStory,
} from '../lab/fencing-story.ts';
import { buildFencingWorld, endFencingWorld, GUESTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { laboratory } from '../lab/lab.ts';
import { waitFor } from '../lab/wait-for.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { endFenceVirtd, startFenceVirtd, XVM_KEY } from './fence-virtd.ts';
import { versionsOf } from './machine.ts';
import { statsOf } from './statistics.ts';

/** Of the host in the network of the guests, which fence_virtd needs. */
const BRIDGE = 'br-guest';
const ADDRESS = '10.78.0.201/24';

const WAYS = ['fence_vm', 'fence_xvm'] as const;
type Way = (typeof WAYS)[number];

const PROGRAMS = [
  { program: 'fence_xvm', debianPackage: 'fence-virt' },
  { program: 'fence_virtd', debianPackage: 'fence-virtd' },
];

/** What can be seen of each, from outside. */
const SEEN: Readonly<Record<Way, readonly Stage[]>> = {
  fence_vm: STAGES,
  fence_xvm: ['missed', 'dead', 'fenced', 'taken over'],
};
const WORDS: Readonly<Record<Stage, string>> = {
  missed: 'missed by its cluster',
  asked: 'the host was asked',
  dead: 'QEMU has ended',
  confirmed: 'confirmed by the host',
  fenced: 'the cluster knows it',
  'taken over': 'the service runs',
};

const named = (way: Way, stage: Stage) => `${way}: ${WORDS[stage]}`;

export const failover: Benchmark = {
  name: 'failover',
  about:
    'from the freezing of a guest to its service running on the peer, each stage counted from the freezing',
  needs: 'guests',
  programs: PROGRAMS,
  isLong: true, // the guests' cluster has to be whole again after each run
  async run({ quick, report }) {
    const lab = laboratory();
    const lastRound = quick ? 2 : 5;
    const taken = new Map<string, number[]>();
    const host = lab.hostOf(VICTIM) ?? 'hostb'; // later the victim may be on the other one
    try {
      await buildFencingWorld(lab);
      await prepareFenceXvm(lab, host);
      await configureService(lab);
      // The first is for getting warm, and not counted.
      for (let round = 0; round <= lastRound; round++) {
        const ways = round % 2 === 0 ? WAYS : WAYS.toReversed();
        for (const way of ways) {
          await useDevice(lab, way);
          await waitForService(lab);
          const times = await watchStory(lab, {
            stages: SEEN[way],
            frozen: 'vcpu',
            // The cluster of the hosts knows of no fencing, misses the guest, and starts it again.
            isReboot: way === 'fence_xvm',
          });
          for (const [stage, ms] of round === 0 ? [] : times) {
            const name = named(way, stage);
            taken.set(name, [...(taken.get(name) ?? []), ms]);
          }
          report(`round ${round}, ${way}: ${times.get('taken over')} ms`);
          if (round < lastRound || way !== ways.at(-1)) await bringBack(lab);
        }
      }
    } finally {
      await endFenceVirtd(lab, host, BRIDGE);
      await lab.on(host, ['ip', 'address', 'delete', ADDRESS, 'dev', BRIDGE]);
      await endFencingWorld(lab);
    }
    const rows = WAYS.flatMap((way) =>
      SEEN[way].map((stage): Row => {
        const stats = statsOf(taken.get(named(way, stage)) ?? []);
        if (way === 'fence_xvm') return { name: named(way, stage), kind: 'peer', unit: 'ms', stats };
        const peer = SEEN.fence_xvm.includes(stage) ? { peer: named('fence_xvm', stage) } : {};
        return { name: named(way, stage), kind: 'ours', unit: 'ms', stats, ...peer };
      }),
    );
    return {
      rows,
      limits: [],
      plot: { unit: 'ms', scale: 'linear' },
      versions: await versionsOf(['Pacemaker', 'QEMU', 'fence-virt']),
    };
  },
};

/** One device at a time, which both kinds of agent configure alike. Asked rarely: each question slows such guests down. */
async function useDevice(lab: Laboratory, way: Way): Promise<void> {
  const list = `<nvpair id="device-list" name="pcmk_host_list" value="${GUESTS.join(' ')}"/>`;
  const device = `<primitive id="device" class="stonith" type="${way}"><instance_attributes id="device-a">${list}</instance_attributes>
<operations><op id="device-m" name="monitor" interval="3600s" timeout="60s"/></operations></primitive>`;
  const cib = (...words: string[]) => lab.output(REQUESTER, ['cibadmin', '--scope', 'resources', ...words]);
  await lab.in(REQUESTER, ['cibadmin', '--delete', '--xml-text', '<primitive id="device"/>']);
  await cib('--create', '--xml-text', device);
  const isStarted = async () => {
    const found = await lab.in(REQUESTER, ['crm_resource', '--locate', '--quiet', '-r', 'device']);
    return found.stdout.trim() !== '';
  };
  await waitFor(`${way} is started`, 180_000, isStarted, { pollMs: 1_000 });
}

/** Its daemon on the victim's host, in the network of the guests, and its key in the guests. */
async function prepareFenceXvm(lab: Laboratory, host: string): Promise<void> {
  await lab.output(host, ['ip', 'address', 'replace', ADDRESS, 'dev', BRIDGE]);
  await startFenceVirtd(lab, host, BRIDGE);
  const key = await lab.output(host, ['base64', XVM_KEY]);
  for (const guest of GUESTS) {
    const script = `mkdir -p "$(dirname ${XVM_KEY})"; base64 -d >${XVM_KEY}`;
    await lab.output(guest, ['/bin/sh', '-c', script], { input: key });
  }
}
