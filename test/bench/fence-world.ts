/**
 * Two hosts with victims that are all equal, and a requester that is no guest but a process: the agent of the guest's end
 * runs on a pseudo-terminal in the place of the port, so that no emulated processor slows it down. hosta fences by the
 * cluster, hostb by libvirt alone, and by all that the peers have.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { role } from '../lab/fault-kinds.ts';
import { manageVictim } from '../lab/fault-world.ts';
import { isAlive, qemusOf } from '../lab/fencing-observer.ts';
import { makeKey, makeToken, resourceOf } from '../lab/fencing-tokens.ts';
import { writeVictim } from '../lab/fencing-victim.ts';
import { HOSTS, startProgram, stopProgram } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { Tail } from '../lab/tail.ts';
import { waitFor } from '../lab/wait-for.ts';
import { ASKER } from '../support/bridge-stand-in.ts';
import { endFenceVirtd, startFenceVirtd } from './fence-virtd.ts';

export type FenceAction = 'off' | 'reboot';

/** Of the way over the cluster, in order; each is named by what it ends with. */
export const JOB_STAGES = [
  'fence_vm has started, the cluster is looked at',
  'force_stop is set',
  'the stop is ordered',
  'QEMU has ended',
  'the stop is proven',
  'fence_vm has ended',
] as const;

export interface Fencing {
  readonly tookMs: number;
  readonly stages: readonly (readonly [stage: string, ms: number])[];
}

/** Under the cluster, one on the host that is asked and one on the other. */
const CLUSTERED = { local: 'bench-local', remote: 'bench-remote' } as const;
/** Under libvirt alone, on hostb. */
const PLAIN = 'bench-plain';
const PORT = '/run/bench-port';
const AGENT_SOCKET = '/run/bench-agent.sock';
const LOG_STEPS = [': inspecting => ', ': marking => ', ': ordering => ', ': waiting => '] as const;

/** Nobody fences a machine that has just started; those under the cluster wait until that is idle. */
const SETTLE_MS = 300;

/** Prints when it began and ended, in ms of the machine's clock, and the exit status. */
const TIMED = 'a=$EPOCHREALTIME; "$@" >/run/bench.out 2>&1; r=$?; echo "$a $EPOCHREALTIME $r"';

export class FenceWorld {
  readonly #lab: Laboratory;
  readonly #tokens: ReadonlyMap<string, string>;

  private constructor(lab: Laboratory, tokens: ReadonlyMap<string, string>) {
    this.#lab = lab;
    this.#tokens = tokens;
  }

  static async build(lab: Laboratory): Promise<FenceWorld> {
    await manageVictim(lab, CLUSTERED.local, 'hosta');
    await manageVictim(lab, CLUSTERED.remote, 'hostb');
    await lab.output('hostb', ['virsh', '-q', 'define', await writeVictim(lab, PLAIN)]);
    for (const host of HOSTS) await makeKey(lab, host);
    const tokens = new Map([[PLAIN, await makeToken(lab, { host: 'hostb', resource: PLAIN, guest: ASKER })]]);
    for (const victim of Object.values(CLUSTERED)) {
      tokens.set(victim, await makeToken(lab, { resource: resourceOf(victim), guest: ASKER }));
    }
    const world = new FenceWorld(lab, tokens);
    await world.#startBridge('hosta', CLUSTERED.remote, []);
    await world.#startBridge('hostb', PLAIN, ['--backend', 'libvirt']);
    await startFenceVirtd(lab, 'hostb', 'eth0');
    return world;
  }

  /** By the cluster of the hosts. */
  async byCluster(where: keyof typeof CLUSTERED, action: FenceAction): Promise<Fencing> {
    const victim = CLUSTERED[where];
    await role(this.#lab, 'Started', resourceOf(victim));
    await waitFor(`${victim} runs`, 30_000, () => isAlive(this.#lab, victim));
    await this.#lab.waitForIdle('hosts');
    return this.#byClusterInStages(victim, action);
  }

  /** By vm-stonithd with libvirt alone. */
  byLibvirt = (action: FenceAction): Promise<Fencing> => this.#plain(this.#fenceVm(PLAIN, action));

  byFenceXvm = (action: FenceAction): Promise<Fencing> =>
    this.#plain(['fence_xvm', '-o', action, '-H', PLAIN]);

  /** As Pacemaker has it run by cluster-glue. */
  byExternalLibvirt(action: FenceAction): Promise<Fencing> {
    const parameters = [`hostlist=${PLAIN}`, 'hypervisor_uri=qemu:///system'];
    const word = action === 'off' ? 'off' : 'reset';
    return this.#plain(['stonith', '-t', 'external/libvirt', ...parameters, '-T', word, PLAIN]);
  }

  byVirsh = (): Promise<Fencing> => this.#plain(['virsh', '-q', 'destroy', PLAIN]);

  /** What each of the agents in Node takes at least. */
  emptyNode = (): Promise<Fencing> => this.#timed('hosta', ['node', '-e', '0']);

  async end(): Promise<void> {
    for (const host of HOSTS) {
      for (const program of ['vm-stonithd', 'vm-connectd']) await stopProgram(this.#lab, host, program);
      await this.#lab.on(host, ['pkill', '-x', 'socat']);
    }
    await endFenceVirtd(this.#lab, 'hostb');
    for (const word of ['destroy', 'undefine']) await this.#lab.on('hostb', ['virsh', '-q', word, PLAIN]);
  }

  async #byClusterInStages(victim: string, action: FenceAction): Promise<Fencing> {
    const [pid] = qemusOf(this.#lab, victim);
    if (pid === undefined) throw new Error(`${victim} has no QEMU`);
    const log = new Tail(join(this.#lab.rootOf('hosta') ?? '', 'var/log/vm-stonithd.log'));
    const ended = endOf(pid);
    const { tookMs, startMs } = await this.#timed('hosta', this.#fenceVm(victim, action), pid);
    const endedMs = await ended;
    const lines = await waitFor('the job is in the log', 5_000, () => stepsIn(log.read()));
    const [looked = 0, marked = 0, ordered = 0, proven = 0] = lines;
    const moments = [looked, marked, ordered, endedMs, proven, startMs + tookMs];
    let last = startMs;
    const stages = JOB_STAGES.map((stage, index) => {
      const ms = (moments[index] ?? 0) - last;
      last += ms;
      return [stage, ms] as const;
    });
    return { tookMs, stages };
  }

  /** In the host itself, so that only the agent is timed. */
  async #timed(
    host: string,
    argv: readonly string[],
    victimPid?: number,
  ): Promise<Fencing & { readonly startMs: number }> {
    const printed = await this.#lab.output(host, ['/bin/bash', '--norc', '-c', TIMED, 'timed', ...argv]);
    const wasAlive = victimPid !== undefined && isLiving(victimPid);
    const [start = Number.NaN, end = Number.NaN, exitCode] = printed.trim().split(' ').map(Number);
    if (exitCode !== 0 || wasAlive) {
      const words = await this.#lab.output(host, ['cat', '/run/bench.out']);
      throw new Error(
        `${argv.slice(0, 3).join(' ')} ended with ${exitCode}, ${wasAlive ? 'alive' : 'dead'}: ${words}`,
      );
    }
    return { tookMs: (end - start) * 1000, startMs: start * 1000, stages: [] };
  }

  #fenceVm(plug: string, action: string): string[] {
    const token = `--tokens=${plug}:${this.#tokens.get(plug) ?? ''}`;
    return ['fence_vm', '-o', action, '-n', plug, token, `--socket=${AGENT_SOCKET}`];
  }

  async #plain(argv: readonly string[]): Promise<Fencing> {
    const pid = await waitFor(`${PLAIN} runs`, 20_000, async () => {
      // libvirt may hear of an end later than whoever has killed the process.
      const state = (await this.#lab.output('hostb', ['virsh', '-q', 'domstate', PLAIN])).trim();
      if (state === 'shut off') await this.#lab.output('hostb', ['virsh', '-q', 'start', PLAIN]);
      return state === 'running' ? qemusOf(this.#lab, PLAIN)[0] : undefined;
    });
    await sleep(SETTLE_MS);
    return this.#timed('hostb', argv, pid);
  }

  async #startBridge(host: string, plug: string, flags: readonly string[]): Promise<void> {
    const config = `[guest ${ASKER}]\npath = ${PORT}.sock\n`;
    const script = 'mkdir -p /etc/pm-kvm-tools; cat >/etc/pm-kvm-tools/vm-connectd.conf';
    await this.#lab.output(host, ['/bin/sh', '-c', script], { input: config });
    await startProgram(this.#lab, host, 'socat', `PTY,link=${PORT},rawer`, `UNIX-LISTEN:${PORT}.sock`);
    await startProgram(this.#lab, host, 'vm-connectd', '-t', 'host');
    await startProgram(
      this.#lab,
      host,
      'vm-connectd',
      '-t',
      'guest',
      '--port',
      PORT,
      '--socket',
      AGENT_SOCKET,
    );
    await startProgram(this.#lab, host, 'vm-stonithd', '--log-level', 'debug', ...flags);
    await waitFor(`${host} answers`, 60_000, async () => {
      const asked = await this.#lab.on(host, this.#fenceVm(plug, 'status'));
      return asked.kind === 'exited' && asked.exitCode !== 1;
    });
  }
}

/** When the process ended, on the machine's clock. */
async function endOf(pid: number): Promise<number> {
  while (isLiving(pid)) await sleep(1);
  return Date.now();
}

function isLiving(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** The moments of the last job's steps, once all of them are there. */
function stepsIn(text: string): readonly number[] | undefined {
  const lines = text.split('\n');
  const moments = LOG_STEPS.map((step) => lines.findLast((line) => line.includes(step))?.split(' ')[0]);
  return moments.every((one) => one !== undefined) ? moments.map((one) => Date.parse(one)) : undefined;
}
