/**
 * Two hosts with small virtual machines under their cluster, and on each host a guest that asks: the agent of the guest's
 * end, on a pseudo-terminal in the place of a port. Whatever of ours dies is started again within a second, and a host
 * that was fenced comes back with all of it, as an init would see to. One that the cluster leaves off, as it does when it
 * has lost both, is switched on by its operator.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram } from '../lab/bridge-programs.ts';
import { isAlive } from '../lab/fencing-observer.ts';
import { copyKeys, makeKey, makeToken, resourceOf } from '../lab/fencing-tokens.ts';
import { writeVictim } from '../lab/fencing-victim.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { waitFor } from '../lab/wait-for.ts';
import {
  AGENT_SOCKET,
  askerOn,
  CLOCK_FILE,
  PASSER_BY,
  PORT,
  type Program,
  patternOf,
  VICTIMS,
  type Victim,
} from './chaos-names.ts';

const LIBFAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const RULES = '[chaos_health]\ngreen = eq 100\n';
/** What is full is only ours. */
const DISK = 'mountpoint -q $d || mount -t tmpfs -o size=4m,mode=700 chaos $d';
const KEEPER = `name=$1; shift; trap 'kill $!; exit' TERM
while :; do "$@" >>/var/log/$name.log 2>&1 & wait $!; sleep 0.5; done`;
const KEEP_MS = 250;
/** Far longer than a fencing takes. */
const OPERATOR_COMES_MS = 20_000;

export class ChaosWorld {
  readonly lab: Laboratory;
  readonly #tokens: ReadonlyMap<string, string>;
  /** Where the roots of the hosts were seen when their programs were started. */
  readonly #roots = new Map<string, string | undefined>();
  readonly #offSinceMs = new Map<string, number>();
  #keeping: Promise<void> | undefined;
  #isEnding = false;

  private constructor(lab: Laboratory, tokens: ReadonlyMap<string, string>) {
    this.lab = lab;
    this.#tokens = tokens;
  }

  static async build(lab: Laboratory): Promise<ChaosWorld> {
    await lab.pushPrograms();
    for (const [index, victim] of VICTIMS.entries()) await manage(lab, victim, HOSTS[index % 2] ?? 'hosta');
    for (const victim of VICTIMS) await waitFor(`${victim} runs`, 30_000, () => isAlive(lab, victim));
    const passer = await writeVictim(lab, PASSER_BY);
    for (const host of HOSTS) await lab.output(host, ['virsh', '-q', 'define', passer]);
    await makeKey(lab, 'hosta');
    await copyKeys(lab);
    const tokens = new Map<string, string>();
    for (const host of HOSTS) {
      const guest = askerOn(host);
      const lines = [];
      for (const victim of VICTIMS)
        lines.push(`${victim}:${await makeToken(lab, { resource: resourceOf(victim), guest })}`);
      tokens.set(host, lines.join(','));
      const files = {
        'vm-connectd.conf': `[guest ${guest}]\npath = ${PORT}.sock\n`,
        'vm-manager.conf': RULES,
      };
      for (const [name, text] of Object.entries(files)) {
        const script = 'mkdir -p /etc/pm-kvm-tools; cat >/etc/pm-kvm-tools/$0; cp /etc/pm-kvm-tools/$0 /etc/';
        await lab.output(host, ['/bin/sh', '-c', script, name], { input: text });
      }
    }
    const world = new ChaosWorld(lab, tokens);
    for (const host of HOSTS) await world.#startPrograms(host);
    for (const host of HOSTS) await world.waitForAnswer(host);
    await lab.waitForIdle('hosts');
    world.#keeping = world.#keep();
    return world;
  }

  /** The words of a request by the guest that asks on that host. */
  fenceVm(host: string, action: string, victim: Victim, timeoutS: number): string[] {
    const tokens = `--tokens=${this.#tokens.get(host) ?? ''}`;
    const times = [`--power-timeout=${timeoutS}`, `--shell-timeout=${timeoutS}`];
    return ['fence_vm', '-o', action, '-n', victim, tokens, ...times, `--socket=${AGENT_SOCKET}`];
  }

  async waitForAnswer(host: string, deadlineMs = 60_000): Promise<void> {
    const argv = this.fenceVm(host, 'status', VICTIMS[0], 5);
    await waitFor(
      `${host} answers its guest`,
      deadlineMs,
      async () => {
        const asked = await this.lab.on(host, argv, { deadlineMs: 10_000 });
        return asked.kind === 'exited' && asked.exitCode !== 1;
      },
      { pollMs: 200, logs: [join(this.lab.rootOf(host) ?? '', 'var/log/vm-stonithd.log')] },
    );
  }

  async pidOf(host: string, program: Program): Promise<string | undefined> {
    const found = await this.lab.on(host, ['pgrep', '-f', patternOf(program)], { deadlineMs: 5_000 });
    return found.stdout.trim().split('\n')[0] || undefined;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#keeping;
  }

  /** What an init does for hosts that come back, and for those that nobody switches on again. */
  async #keep(): Promise<void> {
    while (!this.#isEnding) {
      await sleep(KEEP_MS);
      for (const host of HOSTS) {
        const root = this.lab.rootOf(host);
        await this.#operate(host, root !== undefined);
        if (root === undefined || root === this.#roots.get(host) || this.lab.isFrozen(host)) continue;
        // Before that a command would not be in the host's own file system yet.
        if (!existsSync(join(root, 'run/lab-booted'))) continue;
        // It may be fenced in the middle of this, and is begun anew then.
        await this.#startPrograms(host).catch(() => undefined);
      }
    }
  }

  async #operate(host: string, isOn: boolean): Promise<void> {
    const nowMs = performance.now();
    const sinceMs = this.#offSinceMs.get(host) ?? nowMs;
    if (isOn) this.#offSinceMs.delete(host);
    else this.#offSinceMs.set(host, sinceMs);
    // The power switch may be quicker.
    if (!isOn && nowMs - sinceMs > OPERATOR_COMES_MS) await this.lab.start(host).catch(() => undefined);
  }

  async #startPrograms(host: string): Promise<void> {
    const { lab } = this;
    const root = lab.rootOf(host);
    const disks = `for d in /var/log/pm-kvm-tools /var/lib/pm-kvm-tools; do mkdir -p $d; ${DISK}; done; echo +0 >${CLOCK_FILE}`;
    await lab.output(host, ['/bin/sh', '-c', disks]);
    const pty = [`PTY,link=${PORT},rawer,wait-slave`, `UNIX-LISTEN:${PORT}.sock,unlink-early`];
    await keep(lab, host, 'socat', ['socat', ...pty]);
    await keep(lab, host, 'vm-connectd', ['vm-connectd', '-t', 'host']);
    await keep(lab, host, 'agent', ['vm-connectd', '-t', 'guest', '--port', PORT, '--socket', AGENT_SOCKET]);
    await keep(lab, host, 'vm-stonithd', ['vm-stonithd', '--log-level', 'debug']);
    await keep(lab, host, 'vm-managerd', ['vm-managerd', '--log-level', 'info']);
    this.#roots.set(host, root);
  }
}

const keep = (lab: Laboratory, host: string, name: string, argv: readonly string[]) => {
  const clock = ['env', `LD_PRELOAD=${LIBFAKETIME}`, `FAKETIME_TIMESTAMP_FILE=${CLOCK_FILE}`];
  const settings = ['FAKETIME_CACHE_DURATION=1', 'DONT_FAKE_MONOTONIC=1'];
  const words = name === 'socat' ? argv : [...clock, ...settings, ...argv];
  return startProgram(lab, host, `keep-${name}`, ['/bin/bash', '-c', KEEPER, 'keep', name, ...words]);
};

/** Under the hosts' cluster, and able to migrate. */
async function manage(lab: Laboratory, guest: Victim, host: string): Promise<void> {
  const id = resourceOf(guest);
  const pair = (set: string, name: string, value: string) =>
    `<nvpair id="${id}-${set}-${name}" name="${name}" value="${value}"/>`;
  const operation = (name: string, interval: string, timeout: string, onFail: string) =>
    `<op id="${id}-${name}" name="${name}" interval="${interval}" timeout="${timeout}" on-fail="${onFail}"/>`;
  const xml = `<configuration><resources><primitive id="${id}" class="ocf" provider="extra" type="VirtualDomain">
<instance_attributes id="${id}-i">${pair('i', 'config', await writeVictim(lab, guest))}
${pair('i', 'hypervisor', 'qemu:///system')}${pair('i', 'migration_transport', 'tcp')}</instance_attributes>
<meta_attributes id="${id}-m">${pair('m', 'allow-migrate', 'true')}${pair('m', 'target-role', 'Started')}
${pair('m', 'failure-timeout', '5s')}</meta_attributes>
<operations>${operation('start', '0', '30s', 'restart')}${operation('stop', '0', '20s', 'fence')}
${operation('monitor', '5s', '20s', 'restart')}${operation('migrate_to', '0', '30s', 'restart')}
${operation('migrate_from', '0', '30s', 'restart')}</operations></primitive></resources>
<constraints><rsc_location id="${id}-place" rsc="${id}" node="${host}" score="10"/></constraints></configuration>`;
  const words = ['--modify', '--allow-create', '--scope', 'configuration', '--xml-text', xml];
  await lab.ask('hosts', ['cibadmin', ...words]);
}
