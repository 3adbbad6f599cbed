/**
 * Two hosts with small virtual machines under their cluster, and on each host guests that ask: agents of the guest's
 * end, each on a pseudo-terminal in the place of a port. Whatever of ours dies is started again within a second, and a host
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
import { victimXml } from '../lab/managed-victim.ts';
import { waitFor } from '../lab/wait-for.ts';
import {
  ASKERS,
  type Asker,
  askersOn,
  CLOCK_FILE,
  PASSER_BY,
  plugOf,
  VICTIMS,
  type Victim,
} from './chaos-names.ts';
import { END_KEEPERS, KEEPER } from './keeper.ts';

const LIBFAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const RULES = '[chaos_health]\ngreen = eq 100\n';
/** What is full is only ours. */
const DISK = 'mountpoint -q $d || mount -t tmpfs -o size=4m,mode=700 chaos $d';
const ATTEND_MS = 250;
/** Far longer than a fencing takes. */
const OPERATOR_COMES_MS = 20_000;
const MIGRATION_S = 30;
const STOP_S = 20;
/** A migration that takes longer is given up, and what it leaves on two hosts is stopped, or its host fenced. */
export const TWO_LIVE_MS = (MIGRATION_S + STOP_S) * 1000;

export class ChaosWorld {
  readonly lab: Laboratory;
  readonly #tokens: ReadonlyMap<string, string>;
  /** Where the roots of the hosts were seen when their programs were started. */
  readonly #roots = new Map<string, string | undefined>();
  readonly #offSinceMs = new Map<string, number>();
  #attending: Promise<void> | undefined;
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
    for (const asker of ASKERS) {
      const lines = [];
      for (const victim of VICTIMS) {
        const token = await makeToken(lab, { resource: resourceOf(victim), guest: asker.name });
        lines.push(`${plugOf(asker, victim)}:${token}`);
      }
      tokens.set(asker.name, lines.join(','));
    }
    for (const host of HOSTS) {
      const links = askersOn(host).map(({ name, port }) => `[guest ${name}]\npath = ${port}.sock\n`);
      const files = {
        'vm-connectd.conf': links.join(''),
        'vm-manager.conf': RULES,
      };
      for (const [name, text] of Object.entries(files)) {
        const script = 'mkdir -p /etc/pm-kvm-tools; cat >/etc/pm-kvm-tools/$0; cp /etc/pm-kvm-tools/$0 /etc/';
        await lab.output(host, ['/bin/sh', '-c', script, name], { input: text });
      }
    }
    const world = new ChaosWorld(lab, tokens);
    for (const host of HOSTS) await world.#startPrograms(host);
    for (const asker of ASKERS) await world.waitForAnswer(asker);
    await lab.waitForIdle('hosts');
    world.#attending = world.#attend();
    return world;
  }

  /** The words of a request by a guest, which says on standard error which one it was and what was answered. */
  fenceVm(asker: Asker, action: string, victim: Victim, timeoutS: number): string[] {
    const tokens = `--tokens=${this.#tokens.get(asker.name) ?? ''}`;
    const times = [`--power-timeout=${timeoutS}`, `--shell-timeout=${timeoutS}`];
    const plug = plugOf(asker, victim);
    return ['fence_vm', '-v', '-o', action, '-n', plug, tokens, ...times, `--socket=${asker.socket}`];
  }

  async waitForAnswer(asker: Asker, deadlineMs = 60_000): Promise<void> {
    const argv = this.fenceVm(asker, 'status', VICTIMS[0], 5);
    await waitFor(
      `${asker.name} is answered by its host`,
      deadlineMs,
      async () => {
        const asked = await this.lab.on(asker.host, argv, { deadlineMs: 10_000 });
        return asked.kind === 'exited' && asked.exitCode !== 1;
      },
      { pollMs: 200, logs: [join(this.lab.rootOf(asker.host) ?? '', 'var/log/vm-stonithd.log')] },
    );
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#attending;
  }

  /** What an init does for hosts that come back, and for those that nobody switches on again. */
  async #attend(): Promise<void> {
    while (!this.#isEnding) {
      await sleep(ATTEND_MS);
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
    await lab.output(host, ['/bin/sh', '-c', END_KEEPERS]); // of an attempt that ended half-way, as on a full /run
    const disks = `for d in /var/log/pm-kvm-tools /var/lib/pm-kvm-tools; do mkdir -p $d; ${DISK}; done; echo +0 >${CLOCK_FILE}`;
    await lab.output(host, ['/bin/sh', '-c', disks]);
    for (const { port, number } of askersOn(host)) {
      const pty = [`PTY,link=${port},rawer,wait-slave`, `UNIX-LISTEN:${port}.sock,unlink-early`];
      await startKept(lab, host, `socat-${number}`, ['socat', ...pty]);
    }
    await startKept(lab, host, 'vm-connectd', ['vm-connectd', '-t', 'host']);
    for (const { port, socket, number } of askersOn(host)) {
      const words = ['vm-connectd', '-t', 'guest', '--port', port, '--socket', socket];
      await startKept(lab, host, `agent-${number}`, words);
    }
    await startKept(lab, host, 'vm-stonithd', ['vm-stonithd', '--log-level', 'debug']);
    await startKept(lab, host, 'vm-managerd', ['vm-managerd', '--log-level', 'info']);
    this.#roots.set(host, root);
  }
}

const startKept = (lab: Laboratory, host: string, name: string, argv: readonly string[]) => {
  const clock = ['env', `LD_PRELOAD=${LIBFAKETIME}`, `FAKETIME_TIMESTAMP_FILE=${CLOCK_FILE}`];
  const settings = ['FAKETIME_CACHE_DURATION=1', 'DONT_FAKE_MONOTONIC=1'];
  const words = name.startsWith('socat') ? argv : [...clock, ...settings, ...argv];
  return startProgram(lab, host, `keep-${name}`, [
    '/bin/bash',
    '--norc',
    '-c',
    KEEPER,
    'keep',
    name,
    ...words,
  ]);
};

/** Under the hosts' cluster, and able to migrate. */
async function manage(lab: Laboratory, name: Victim, host: string): Promise<void> {
  const operation = (operationName: string, intervalS: number, timeoutS: number, onFail = 'restart') => ({
    name: operationName,
    intervalS,
    timeoutS,
    onFail,
  });
  const xml = victimXml({
    name,
    config: await writeVictim(lab, name),
    host,
    score: 10,
    parameters: { migration_transport: 'tcp' },
    meta: { 'allow-migrate': 'true', 'failure-timeout': '5s' },
    operations: [
      operation('start', 0, 30),
      operation('stop', 0, STOP_S, 'fence'),
      operation('monitor', 5, 20),
      operation('migrate_to', 0, MIGRATION_S),
      operation('migrate_from', 0, MIGRATION_S),
    ],
  });
  const words = ['--modify', '--allow-create', '--scope', 'configuration', '--xml-text', xml];
  await lab.ask('hosts', ['cibadmin', ...words]);
}
