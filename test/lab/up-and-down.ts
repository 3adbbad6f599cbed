/**
 * The beginning and the end of a laboratory.
 *
 * `down` needs no record of what `up` did: processes are in the laboratory's control group, networks and the hosts'
 * mounts live only as long as these processes, and all files lie on one tmpfs. So it also clears away what a killed
 * `up` has left.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import { describeResult, runCommand } from '../../shared/process/run-command.ts';
import { makeCgroup, removeGroup } from './cgroup.ts';
import { waitForMembership, waitForOnline } from './clusters.ts';
import { clusterMembers } from './definitions.ts';
import { waitForAgent } from './guest-agent.ts';
import { writeBootArchive } from './guest-files.ts';
import { IMAGE_FOLDERS, provideImage } from './guest-image.ts';
import { defineGuests, startGuest, writeDomainSettings } from './guests.ts';
import { createHost, hostRoot, startHost } from './hosts.ts';
import { keepWhenInterrupted, takeDownWhenInterrupted } from './interrupted.ts';
import { accelerator } from './kvm-probe.ts';
import { type Lab, leaf, originalSpec } from './lab-handle.ts';
import { assertSpec, CHECKOUT, IMAGE_CACHE, type LabSpec, labSpec, STATE_ROOT } from './layout.ts';
import { withLock } from './lock.ts';
import { copyLogs } from './logs.ts';
import { ensurePackages } from './packages.ts';
import { savePristine } from './pristine.ts';
import { hasPrograms, linkPrograms } from './programs.ts';
import { type Report, seconds, step } from './report.ts';
import { assertRoot } from './root.ts';
import { runInLab, SYSTEM_PATH, spawnInLab } from './run-in-lab.ts';
import { saveHostFiles } from './tidy.ts';
import { waitFor } from './wait-for.ts';
import { startWire } from './wire.ts';

const completeFile = (lab: Lab) => join(lab.layout.state, 'complete');
export const isUp = (lab: Lab) => existsSync(completeFile(lab));

/** What a contributor may have to wait for a laboratory, with its packages and image there. */
const UP_LIMIT_S = 45;
const DEFAULT_SPEC = labSpec(2, 2);

/**
 * Resolves when both levels are online; at once when the laboratory already stands, unless one of another making is
 * wanted. One that fails leaves nothing behind but its logs.
 */
export async function up(lab: Lab, spec: LabSpec | undefined, report: Report): Promise<void> {
  assertRoot('cannot make or end a laboratory (namespaces, networks, control groups)');
  await withLock(lab, 'up-and-down', async () => {
    if (isUp(lab)) {
      if (spec !== undefined) assertSameSpec(lab, spec);
      report(`${lab.layout.name} is up already`);
      return;
    }
    assertSpec(spec ?? DEFAULT_SPEC);
    await ensurePackages(report);
    const startedMs = performance.now();
    takeDownWhenInterrupted(lab.layout.name);
    await clear(lab);
    try {
      await build(lab, spec ?? DEFAULT_SPEC, report);
      writeFileSync(completeFile(lab), '');
    } catch (thrown) {
      throw await afterFailure(lab, thrown);
    }
    report(`${lab.layout.name} up in ${seconds(startedMs)} (limit ${UP_LIMIT_S} s)`);
  });
}

function assertSameSpec(lab: Lab, wanted: LabSpec): void {
  const standing = originalSpec(lab);
  if (isDeepStrictEqual(standing, wanted)) return;
  const words = ({ hosts, guests }: LabSpec) => `${hosts.length} hosts and ${guests.length} guests`;
  throw new PmError({
    code: 'usage',
    what: `cannot bring up the laboratory ${lab.layout.name} with ${words(wanted)}`,
    fault: `it stands, made differently (${words(standing)})`,
    remedy: 'take it down first (npm run lab -- down), or choose another name (LAB_NAME)',
  });
}

/** Clears everything away but the logs, and says where these are. */
async function afterFailure(lab: Lab, cause: unknown): Promise<PmError> {
  const folder = join(IMAGE_CACHE, 'failed', lab.layout.name);
  rmSync(folder, { recursive: true, force: true });
  const logs = await copyLogs(lab, folder).then(
    () => `its logs are in ${folder}`,
    (thrown: unknown) => `its logs could not be kept: ${messageOf(thrown)}`,
  );
  await clear(lab);
  keepWhenInterrupted(lab.layout.name);
  return new PmError({
    code: 'environment',
    what: `the laboratory ${lab.layout.name} could not be brought up`,
    fault: messageOf(cause),
    remedy: `it was taken away again; ${logs}`,
    cause,
  });
}

/** Leaves nothing of the laboratory behind but cached images; fine when there is none. */
export async function down(lab: Lab, report: Report): Promise<void> {
  assertRoot('cannot make or end a laboratory (namespaces, networks, control groups)');
  await withLock(lab, 'up-and-down', () =>
    step(report, `laboratory ${lab.layout.name} down`, () => clear(lab)),
  );
  keepWhenInterrupted(lab.layout.name);
}

async function build(lab: Lab, spec: LabSpec, report: Report): Promise<void> {
  makeCgroup(leaf(lab, 'commands'));
  for (const path of [lab.layout.state, IMAGE_FOLDERS, join(IMAGE_CACHE, 'libvirt')]) {
    mkdirSync(path, { recursive: true });
  }
  await runInLab(lab, ['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'pm-kvm-tools-lab', lab.layout.state]);
  for (const path of [lab.layout.images, lab.layout.power]) mkdirSync(path, { recursive: true });
  writeFileSync(lab.layout.specFile, JSON.stringify(spec));
  startPowerSwitch(lab);

  const members = clusterMembers(spec.guests);
  const archives = allEnded(spec.guests.map((guest) => writeBootArchive(lab, guest, members)));
  const settings = provideImage(lab, report).then(async (key) => {
    const chosen = await accelerator(lab, key);
    report(`guests run under ${chosen === 'kvm' ? 'KVM' : 'TCG (no guest boots under KVM here)'}`);
    writeDomainSettings(lab, { accelerator: chosen, imageFolder: `base/${key}` });
  });
  const hosts = step(report, `${spec.hosts.length} hosts booted`, async () => {
    await startWire(lab);
    await allEnded(
      spec.hosts.map(async (host) => {
        createHost(lab, spec, host);
        await startHost(lab, host);
        if (spec.init === 'systemd') return; // without our programs, and never put back by reset
        await linkPrograms(lab, host);
        saveHostFiles(lab, host);
      }),
    );
  });
  if (!hasPrograms())
    report('there is no dist/ (npm run build), so hosts and guests come without our programs');
  const clusterOfHosts = hosts.then(() =>
    step(report, 'cluster of the hosts online', async () => {
      await waitForOnline(lab, 'hosts', spec.hosts);
      await savePristine(lab, 'hosts');
    }),
  );
  const guests = Promise.all([settings, archives, hosts]).then(() => bringUpGuests(lab, spec, report));
  await allEnded([archives, settings, hosts, clusterOfHosts, guests]);
}

/** Waits for every branch, so that none goes on when one has failed; the failures, each once. */
async function allEnded(branches: readonly Promise<unknown>[]): Promise<void> {
  const endings = await Promise.allSettled(branches);
  const faults = new Set(endings.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])));
  if (faults.size > 0) throw new Error([...faults].map(messageOf).join('\n'));
}

function startPowerSwitch(lab: Lab): void {
  const program = join(CHECKOUT, 'test/lab/power-switch.ts');
  const argv = [process.execPath, '--import', import.meta.resolve('tsx'), program, lab.layout.name];
  spawnInLab(lab, 'power', argv, { log: join(lab.layout.state, 'power.log') });
}

async function bringUpGuests(lab: Lab, spec: LabSpec, report: Report): Promise<void> {
  await step(report, `${spec.guests.length} guests started`, () =>
    allEnded(
      spec.hosts.map(async (host) => {
        await waitForLibvirt(lab, host);
        await defineGuests(lab, host, spec.guests);
        for (const guest of spec.guests.filter(({ home }) => home === host))
          await startGuest(lab, guest.name);
      }),
    ),
  );
  const members = clusterMembers(spec.guests);
  const [agentMs, memberMs] = spec.init === 'systemd' ? [180_000, 360_000] : []; // udev and all that under TCG
  if (members.length > 0) {
    await step(report, 'cluster of the guests online', () =>
      allEnded(members.map(({ name }) => waitForMembership(lab, name, memberMs))),
    );
    await waitForOnline(lab, 'guests');
    await savePristine(lab, 'guests');
  }
  await allEnded(spec.guests.map(({ name }) => waitForAgent(lab, name, agentMs)));
}

async function waitForLibvirt(lab: Lab, host: string): Promise<void> {
  await waitFor(
    `libvirtd of ${host} listens`,
    20_000,
    () => existsSync(join(hostRoot(lab, host) ?? '/nonexistent', 'run/libvirt/libvirt-sock')),
    { logs: [join(lab.layout.hostDirectory(host), 'layer/var/log/libvirtd.out')] },
  );
}

async function clear(lab: Lab): Promise<void> {
  await removeGroup(lab.cgroup);
  for (let tries = 0; isMounted(lab.layout.state) && tries < 10; tries++) {
    const argv = ['umount', '--lazy', lab.layout.state];
    const result = await runCommand(argv, { deadlineMs: 10_000, env: { PATH: SYSTEM_PATH } });
    if (result.kind !== 'exited' || result.exitCode !== 0) throw new Error(describeResult(argv, result));
  }
  rmSync(lab.layout.state, { recursive: true, force: true });
  try {
    rmdirSync(STATE_ROOT);
  } catch (thrown) {
    const code = systemCodeOf(thrown);
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw thrown;
  }
}

const isMounted = (path: string) => readFileSync('/proc/self/mounts', 'utf8').includes(` ${path} `);
