/**
 * The story that the demo tells: two hosts, two guests with a cluster of their own, put together by the commands of an
 * admin; a live migration under way of requests; and a guest that freezes, is fenced by its peer and loses its service.
 * Everything is real but the power switch of the hosts.
 */
import { configureService, VICTIM, waitForService, watchStory } from '../lab/fencing-story.ts';
import { copyKeys } from '../lab/fencing-tokens.ts';
import { GUESTS, HOSTS, startHostDaemons, startProgram } from '../lab/fencing-world.ts';
import { PING_TARGET } from '../lab/health-texts.ts';
import { addRouter } from '../lab/health-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { labSpec } from '../lab/layout.ts';
import { waitFor } from '../lab/wait-for.ts';
import type { Timeline } from './timeline.ts';

const PATIENCE_MS = 180_000;
/** As long as a migration takes here. */
const PINGS = 8;
const STAGE_WORDS = {
  missed: `${VICTIM} is missed by its cluster`,
  asked: 'fence_vm has asked the host, over the virtio-serial port',
  dead: `QEMU of ${VICTIM} has ended, as the kernel of its host sees it`,
  confirmed: "the hosts' cluster has proved it: confirmed",
  fenced: "the guests' cluster has heard that the node is off",
  'taken over': 'the service runs on guest1',
} as const;

/** What takes its time (the first answers to pings, the start of a fence device) goes on beside what comes next. */
export async function tell(lab: Laboratory, timeline: Timeline): Promise<void> {
  const admin = new Admin(lab, timeline);
  timeline.act('Two hosts with Pacemaker, corosync and libvirt form a cluster');
  await timeline.step('hosta and hostb boot', async () => {
    await lab.up(labSpec(2, 0));
    await addRouter(lab);
    await lab.pushPrograms();
  });
  await admin.types(`vm-ctl host init --ping ${PING_TARGET} --daemons none --yes`);
  await admin.types('printf "vm_migration_transport=tcp\\nvm_allow_migrate=on\\n" >>/etc/vm-ctl.conf');
  await admin.types('vm-ctl key make');
  await timeline.step('hostb# (a copy of /etc/pm-kvm-tools/keys, root only)', () => copyKeys(lab));
  await timeline.step('vm-connectd and vm-stonithd start on both hosts', async () => {
    for (const host of HOSTS) await startHostDaemons(lab, host);
  });

  timeline.act('Two guests that nobody has started yet come under the cluster of the hosts');
  await timeline.step('guest1 and guest2 are defined in libvirt', async () => {
    for (const [index, guest] of GUESTS.entries()) await lab.define(guest, HOSTS[index] ?? 'hosta');
    await lab.pushPrograms();
  });
  await admin.types('vm-ctl resource add guest1 -a hosta --yes');
  await admin.types('vm-ctl resource add guest2 -a hostb --yes');
  await admin.types('vm-ctl guest init guest1, guest2 --tokens /root/tokens --format xml >/root/fencing.xml');
  await timeline.step('both hosts have told their cluster that the ping is answered', () => awaitPings(lab));
  await admin.types('vm-ctl resource start guest1, guest2');

  timeline.act('The guests form a cluster of their own, which can fence through the hosts');
  const forming = 'guest1 and guest2 boot (emulated), get the tokens, start vm-connectd and form a cluster';
  await timeline.step(forming, () => equipGuests(lab));
  await timeline.step('guest1# cibadmin (a service, and fencing.xml)', async () => {
    await Promise.all([configureService(lab), loadFencing(lab)]);
  });

  timeline.act('guest2 migrates live, while it talks to its host and its cluster starts the service');
  await migrate(lab, timeline, admin);
  await timeline.step('the fence device and the service run in the cluster of the guests', () =>
    waitForService(lab),
  );
  await admin.types('vm-ctl status');

  timeline.act('guest2 freezes; no network joins guests and hosts');
  const frozen = 'its processors stop; guest1 takes the service over, and not before it has fenced guest2';
  const times = await timeline.step(frozen, () => watchStory(lab));
  for (const [stage, ms] of times) timeline.stage(STAGE_WORDS[stage], ms);
  await admin.types('vm-ctl status');
}

/** What an admin types on hosta, and what it says. */
class Admin {
  readonly #lab: Laboratory;
  readonly #timeline: Timeline;

  constructor(lab: Laboratory, timeline: Timeline) {
    this.#lab = lab;
    this.#timeline = timeline;
  }

  async types(command: string): Promise<void> {
    const argv = ['/bin/sh', '-c', command];
    await this.#timeline.step(`hosta# ${command}`, () =>
      this.#lab.output('hosta', argv, { deadlineMs: PATIENCE_MS }),
    );
  }
}

/** Before that a guest may run nowhere. */
async function awaitPings(lab: Laboratory): Promise<void> {
  const answered = `//nvpair[@name='default_ping_set'][@value='100']`;
  await waitFor(
    'the pings are answered',
    PATIENCE_MS,
    async () => {
      const found = await lab.on('hosta', ['cibadmin', '--query', '--xpath', answered]);
      return found.stdout.match(/name="default_ping_set"/g)?.length === HOSTS.length;
    },
    { pollMs: 100 },
  );
}

/** Each as soon as it answers, beside the start of its cluster. */
async function equipGuests(lab: Laboratory): Promise<void> {
  const tokens = await lab.output('hosta', ['cat', '/root/tokens']);
  const script = 'umask 077; mkdir -p -m 755 /etc/pm-kvm-tools; cat >/etc/pm-kvm-tools/tokens';
  await Promise.all(
    GUESTS.map(async (guest) => {
      await lab.waitForAgent(guest, PATIENCE_MS);
      await lab.output(guest, ['/bin/sh', '-c', script], { input: tokens });
      await startProgram(lab, guest, 'vm-connectd', '-t', 'guest');
      await lab.waitForMembership(guest, PATIENCE_MS);
    }),
  );
}

async function loadFencing(lab: Laboratory): Promise<void> {
  const configuration = await lab.output('hosta', ['cat', '/root/fencing.xml']);
  await lab.output('guest1', ['cibadmin', '--modify', '--allow-create', '--xml-pipe'], {
    input: configuration,
  });
}

async function migrate(lab: Laboratory, timeline: Timeline, admin: Admin): Promise<void> {
  const command = `vm-connect ping -c ${PINGS} --timeout 60`;
  const pings = lab.output(VICTIM, ['/bin/sh', '-c', `${command} | tail -n 1`], { deadlineMs: PATIENCE_MS });
  await admin.types('vm-ctl resource move guest2 -n hosta');
  await timeline.step(`guest2# ${command} (begun before the move)`, () => pings);
}
