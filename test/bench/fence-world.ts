/**
 * Two hosts with victims that are all equal, and a requester that is no guest but a process: the agent of the guest's end
 * runs on a pseudo-terminal in the place of the port, so that no emulated processor slows it down. hosta fences by the
 * cluster, hostb by libvirt alone, and by all that the peers have.
 */
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
import { threadsOf } from '../support/process-table.ts';
import { endSerialFenceVirtd, SERIAL_LINE, startSerialFenceVirtd } from './fence-serial.ts';
import { beginningOf, endOf, PATHS, type Path, type Stage, stagesOf } from './fence-stages.ts';
import { endFenceVirtd, startFenceVirtd } from './fence-virtd.ts';

export type FenceAction = 'off' | 'reboot';

export interface Fencing {
  readonly tookMs: number;
  readonly stages: readonly Stage[];
}

/** Under the cluster, one on the host that is asked and one on the other. */
const CLUSTERED = { local: 'bench-local', remote: 'bench-remote' } as const;
/** Under libvirt alone, on hostb. */
const PLAIN = 'bench-plain';
const PORT = '/run/bench-port';
const AGENT_SOCKET = '/run/bench-agent.sock';

/** Nobody fences a machine that has just started. */
const SETTLE_MS = 300;

/** Prints when it began and ended, in ms of the machine's clock, and the exit status. */
const TIMED = 'a=$EPOCHREALTIME; "$@" >/run/bench.out 2>&1; r=$?; echo "$a $EPOCHREALTIME $r"';

interface Watched {
  readonly victim: string;
  readonly pid: number;
  readonly action: FenceAction;
  readonly path: Path;
}

export class FenceWorld {
  readonly #lab: Laboratory;
  readonly #tokens: ReadonlyMap<string, string>;

  private constructor(lab: Laboratory, tokens: ReadonlyMap<string, string>) {
    this.#lab = lab;
    this.#tokens = tokens;
  }

  static async build(lab: Laboratory): Promise<FenceWorld> {
    await clear(lab); // of a run that could not do it itself
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
    await startSerialFenceVirtd(lab, 'hostb');
    return world;
  }

  /** By the cluster of the hosts. */
  async byCluster(where: keyof typeof CLUSTERED, action: FenceAction): Promise<Fencing> {
    const victim = CLUSTERED[where];
    await role(this.#lab, 'Started', resourceOf(victim));
    await waitFor(`${victim} runs`, 30_000, () => isAlive(this.#lab, victim));
    await this.#lab.waitForIdle('hosts');
    const [pid] = qemusOf(this.#lab, victim);
    if (pid === undefined) throw new Error(`${victim} has no QEMU`);
    return this.#byFenceVm('hosta', { victim, pid, action, path: PATHS.cluster[action] });
  }

  /** By vm-stonithd with libvirt alone. */
  async byLibvirt(action: FenceAction): Promise<Fencing> {
    const pid = await this.#runsPlain();
    return this.#byFenceVm('hostb', { victim: PLAIN, pid, action, path: PATHS.libvirt[action] });
  }

  byFenceXvm = (action: FenceAction): Promise<Fencing> =>
    this.#plain(['fence_xvm', '-o', action, '-H', PLAIN]);

  /** The same client under the name by which it opens a serial line. */
  byFenceVirt = (action: FenceAction): Promise<Fencing> =>
    this.#plain(['fence_virt', '-D', SERIAL_LINE, '-o', action, '-n', PLAIN]);

  /** As Pacemaker has it run by cluster-glue. */
  byExternalLibvirt(action: FenceAction): Promise<Fencing> {
    const parameters = [`hostlist=${PLAIN}`, 'hypervisor_uri=qemu:///system'];
    const word = action === 'off' ? 'off' : 'reset';
    return this.#plain(['stonith', '-t', 'external/libvirt', ...parameters, '-T', word, PLAIN]);
  }

  byVirsh = (): Promise<Fencing> => this.#plain(['virsh', '-q', 'destroy', PLAIN]);

  /** What a reboot takes after the off at least. */
  async startByVirsh(): Promise<Fencing> {
    await this.#lab.on('hostb', ['virsh', '-q', 'destroy', PLAIN]); // it may be off by now
    await waitFor(`${PLAIN} is off`, 20_000, async () => (await this.#stateOfPlain()) === 'shut off');
    await this.#settled();
    const { tookMs, startMs } = await this.#timed('hostb', ['virsh', '-q', 'start', PLAIN]);
    const qemu = { 'QEMU begins': this.#beginningOfPlain() };
    const stages = stagesOf('virsh', PATHS.start, '', { startMs, qemu, endMs: startMs + tookMs });
    return { tookMs, stages: stages ?? [] };
  }

  /** What each of the agents in Node takes at least. */
  async emptyNode(): Promise<Fencing> {
    await this.#settled();
    return this.#timed('hosta', ['node', '-e', '0']);
  }

  end = (): Promise<void> => clear(this.#lab);

  async #byFenceVm(host: string, { victim, pid, action, path }: Watched): Promise<Fencing> {
    const log = new Tail(join(this.#lab.rootOf(host) ?? '', 'var/log/vm-stonithd.log'));
    const watch = new AbortController();
    const ended = endOf(pid, watch.signal);
    const fencing = this.#timed(host, this.#fenceVm(victim, action), pid);
    const { tookMs, startMs } = await fencing.catch((thrown: unknown) => {
      watch.abort();
      throw thrown;
    });
    const begun = path.some(([, teller]) => teller === 'QEMU begins');
    const qemu = { 'QEMU ends': await ended, ...(begun ? { 'QEMU begins': this.#beginningOfPlain() } : {}) };
    const stages = await waitFor('the job is in the log', 5_000, () =>
      stagesOf('fence_vm', path, log.read(), { startMs, qemu, endMs: startMs + tookMs }),
    );
    return { tookMs, stages };
  }

  #beginningOfPlain(): number {
    const [pid] = qemusOf(this.#lab, PLAIN);
    if (pid === undefined) throw new Error(`${PLAIN} was started, and has no QEMU`);
    return beginningOf(pid);
  }

  /** In the host itself, so that only the agent is timed. */
  async #timed(
    host: string,
    argv: readonly string[],
    victimPid?: number,
  ): Promise<Fencing & { readonly startMs: number }> {
    const printed = await this.#lab.output(host, ['/bin/bash', '--norc', '-c', TIMED, 'timed', ...argv]);
    const wasAlive = victimPid !== undefined && threadsOf(victimPid).length > 0;
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
    const pid = await this.#runsPlain();
    return this.#timed('hostb', argv, pid);
  }

  async #runsPlain(): Promise<number> {
    const pid = await waitFor(`${PLAIN} runs`, 20_000, async () => {
      // libvirt may hear of an end later than whoever has killed the process.
      const state = await this.#stateOfPlain();
      if (state === 'shut off') await this.#lab.output('hostb', ['virsh', '-q', 'start', PLAIN]);
      return state === 'running' ? qemusOf(this.#lab, PLAIN)[0] : undefined;
    });
    await this.#settled();
    return pid;
  }

  /** Whoever was before may have left the cluster a machine to start. */
  async #settled(): Promise<void> {
    await this.#lab.waitForIdle('hosts');
    await sleep(SETTLE_MS);
  }

  #stateOfPlain = async (): Promise<string> =>
    (await this.#lab.output('hostb', ['virsh', '-q', 'domstate', PLAIN])).trim();

  async #startBridge(host: string, plug: string, flags: readonly string[]): Promise<void> {
    const config = `[guest ${ASKER}]\npath = ${PORT}.sock\n`;
    const script = 'mkdir -p /etc/pm-kvm-tools; cat >/etc/pm-kvm-tools/vm-connectd.conf';
    await this.#lab.output(host, ['/bin/sh', '-c', script], { input: config });
    const socket = `UNIX-LISTEN:${PORT}.sock,unlink-early`;
    await startProgram(this.#lab, host, 'socat', `PTY,link=${PORT},rawer`, socket);
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

async function clear(lab: Laboratory): Promise<void> {
  for (const host of HOSTS) {
    for (const program of ['vm-stonithd', 'vm-connectd']) await stopProgram(lab, host, program);
    await lab.on(host, ['pkill', '-x', 'socat']);
  }
  await endSerialFenceVirtd(lab, 'hostb');
  await endFenceVirtd(lab, 'hostb', 'eth0');
  for (const word of ['destroy', 'undefine']) await lab.on('hostb', ['virsh', '-q', word, PLAIN]);
}
