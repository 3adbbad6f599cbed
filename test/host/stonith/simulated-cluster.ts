/**
 * A host cluster of two nodes on virtual time, as the back end of the fencing service: stopping takes 200 ms, starting
 * 300 ms, every command 10 ms. What happens to it is logged, for tests to compare. `daemonOn` gives it to one of several
 * daemons, each of which can be killed at any time: it hears of nothing more, and the command that it has begun is carried out or is not.
 */

import type { Facts, FinishedJob, Role } from '../../../host/stonith/decide/facts.ts';
import { type FenceRecord, parseMark } from '../../../host/stonith/decide/record.ts';
import type {
  Done,
  FenceBackEnd,
  FenceTarget,
  FoundRecord,
  JobName,
  Looked,
} from '../../../host/stonith/desk/back-end.ts';
import { ChangeSignal } from '../../../host/stonith/desk/change-signal.ts';
import type { Clock } from '../../../shared/clock.ts';

interface Machine {
  node: string | undefined;
  pending: string | undefined;
  role: string | undefined;
  record: FenceRecord | undefined;
}

/** Whose commands they are, and whether it still lives. */
interface Caller {
  readonly host: string;
  readonly isAlive: () => boolean;
  /** What it has begun is carried out, also after its death. */
  readonly isHeard: () => boolean;
}

export interface SimulatedDaemon {
  readonly backEnd: FenceBackEnd;
  readonly isAlive: () => boolean;
  readonly kill: (lastWords: 'heard' | 'lost') => void;
}

const NEVER = new Promise<never>(() => {});

export class SimulatedCluster implements FenceBackEnd {
  readonly host = 'hosta';
  readonly log: string[] = [];
  readonly machines = new Map<string, Machine>();
  /** Until when each holds. */
  readonly #marks = new Map<string, number>();
  readonly #publishers = new Map<string, string>();
  readonly published = new Map<string, FinishedJob>();
  /** Faults that tests switch on. */
  canStop = true;
  isReadable = true;
  hasQuorum = true;
  uncleanNode: string | undefined;
  conflicts = 0;
  losesOrders = false;
  /** How long after they were given up orders reach the cluster, which refuses what has changed since. */
  ordersAreLateMs: number | undefined;
  readonly #clock: Clock;
  readonly #signal: ChangeSignal;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#signal = new ChangeSignal(clock);
    for (const name of ['vm1', 'vm2']) {
      this.machines.set(name, { node: 'hostb', pending: undefined, role: 'Started', record: undefined });
    }
  }

  get changes(): number {
    return this.#signal.count;
  }

  change(since: number, limitMs: number, signal: AbortSignal): Promise<void> {
    return this.#signal.wait(since, limitMs, signal);
  }

  /** Something that is no part of any job. */
  set(name: string, change: Partial<Machine>): void {
    const machine = this.machines.get(name);
    if (machine !== undefined) Object.assign(machine, change);
    this.#signal.changed();
  }

  get marks(): readonly string[] {
    return [...this.#marks.keys()];
  }

  daemonOn(host: string): SimulatedDaemon {
    let isAlive = true;
    let isHeard = true;
    const caller = { host, isAlive: () => isAlive, isHeard: () => isHeard };
    const whileAlive = <T>(answer: Promise<T>): Promise<T> =>
      answer.then((value) => (isAlive ? value : NEVER));
    const cluster = this;
    const backEnd: FenceBackEnd = {
      host,
      get changes() {
        return cluster.changes;
      },
      change: (since, limitMs, signal) => whileAlive(this.change(since, limitMs, signal)),
      open: (resource, job) => this.open(resource, job, caller),
      publish: (resource, job, ended) => this.publish(resource, job, ended, caller),
      publishKey: () => this.publishKey(),
      known: (names) => whileAlive(this.known(names)),
      records: () => (isAlive ? this.records() : NEVER),
      sweepAttributes: (isRunning) => (isAlive ? this.sweepAttributes(isRunning) : NEVER),
      stop: () => this.stop(),
    };
    return {
      backEnd,
      isAlive: caller.isAlive,
      kill: (lastWords) => {
        isAlive = false;
        isHeard = lastWords === 'heard';
      },
    };
  }

  /** What is published is a transient attribute of its host. */
  loseHost(host: string): void {
    for (const [key, publisher] of this.#publishers) if (publisher === host) this.published.delete(key);
  }

  open(resource: string, job: JobName, caller: Caller = this.#self): FenceTarget {
    const command = async (words: string, act: () => Done): Promise<Done> => {
      if (!caller.isAlive()) return NEVER;
      await this.#clock.sleep(10);
      if (!caller.isHeard()) return NEVER;
      const done = act();
      this.#say(`${resource} ${words}${done.ok ? '' : ` refused: ${done.fault}`}`);
      this.#signal.changed();
      return caller.isAlive() ? done : NEVER;
    };
    const own = (): Machine | undefined => {
      const machine = this.machines.get(resource);
      return machine?.record?.id === job.id ? machine : undefined;
    };
    const giveRole = (machine: Machine | undefined, role: string | undefined): Done => {
      if (machine === undefined) return { ok: true };
      machine.record = undefined;
      machine.role = role;
      this.#obey(resource);
      return { ok: true };
    };
    return {
      look: async () => {
        const looked = await this.#look(resource, job);
        return caller.isAlive() ? looked : NEVER;
      },
      mark: (nodes, mark) =>
        command(`mark ${nodes.join(' ')}`, () => this.#mark(`${resource} ${job.id}`, mark)),
      order: (role, record) => {
        if (this.ordersAreLateMs === undefined)
          return command(`order ${role}`, () => this.#order(resource, role, record));
        const before = { ...this.machines.get(resource) };
        this.#clock.after(this.ordersAreLateMs, () => {
          const machine = this.machines.get(resource);
          if (machine?.role !== before.role || machine?.record !== before.record) return;
          this.#say(`${resource} order ${role}, late`);
          this.#order(resource, role, record);
        });
        return command(`order ${role}`, () => ({ ok: false, fault: 'no answer', isCertain: false }));
      },
      start: () => command('start', () => giveRole(own(), 'Started')),
      clear: () =>
        command('clear', () => {
          this.#marks.delete(`${resource} ${job.id}`);
          const machine = own();
          if (machine !== undefined) machine.record = undefined;
          return { ok: true };
        }),
      rollBack: ({ role, unlessEnded }) =>
        command(`roll back to ${role}`, () => {
          this.#marks.delete(`${resource} ${job.id}`);
          const machine = own();
          if (unlessEnded && machine?.node === undefined) {
            return { ok: false, fault: 'it may have ended', isCertain: true };
          }
          return giveRole(machine, role);
        }),
    };
  }

  async publish(
    resource: string,
    { requester, operation, id }: JobName,
    ended: FinishedJob,
    caller: Caller = this.#self,
  ): Promise<Done> {
    if (!caller.isAlive()) return NEVER;
    await this.#clock.sleep(10);
    if (!caller.isHeard()) return NEVER;
    const key = `${requester}/${operation}/${resource}/${id}`;
    this.published.set(key, ended);
    this.#publishers.set(key, caller.host);
    return caller.isAlive() ? { ok: true } : NEVER;
  }

  async publishKey(): Promise<Done> {
    return { ok: true };
  }

  async known(names: readonly string[]): Promise<ReadonlySet<string>> {
    await this.#clock.sleep(10);
    return new Set(names.filter((name) => this.machines.has(name)));
  }

  async records(): Promise<readonly FoundRecord[]> {
    return [...this.machines].flatMap(([resource, { record }]) =>
      record === undefined ? [] : [{ resource, record }],
    );
  }

  async sweepAttributes(isRunning: (id: string) => boolean): Promise<void> {
    for (const [mark, untilWallMs] of this.#marks) {
      const id = mark.split(' ')[1] ?? '';
      if (!isRunning(id) && untilWallMs <= this.#clock.wallMs()) this.#marks.delete(mark);
    }
  }

  async stop(): Promise<void> {}

  get #self(): Caller {
    return { host: this.host, isAlive: () => true, isHeard: () => true };
  }

  #mark(mark: string, text: string): Done {
    this.#marks.set(mark, parseMark(text)?.untilWallMs ?? 0);
    return { ok: true };
  }

  #order(resource: string, role: Role, record: FenceRecord): Done {
    const machine = this.machines.get(resource);
    if (this.conflicts > 0) {
      this.conflicts--;
      return { ok: false, fault: 'changed', isCertain: true, isConflict: true };
    }
    const ranOn = machine?.node === undefined || machine.pending !== undefined ? [] : [machine.node];
    if (machine !== undefined) Object.assign(machine, { role, record });
    this.#obey(resource);
    if (this.losesOrders) return { ok: false, fault: 'no answer', isCertain: false };
    return role === 'Stopped' && ranOn.length > 0 ? { ok: true, ranOn } : { ok: true };
  }

  async #look(resource: string, { requester, operation, id }: JobName): Promise<Looked> {
    await this.#clock.sleep(10);
    if (!this.isReadable) return { ok: false, fault: 'no answer' };
    const machine = this.machines.get(resource);
    const { uncleanNode } = this;
    const facts: Facts = {
      teller: 'the host cluster',
      hasQuorum: this.hasQuorum,
      fencesItsNodes: true,
      unsettled: machine?.pending === undefined ? undefined : 'busy',
      hasMigrated: false,
      ordersAreDone: false,
      requesterIsDoomed: false,
      nodes: ['hosta', 'hostb'].map((name) => ({
        name,
        isOnline: name !== uncleanNode,
        isUnclean: name === uncleanNode,
        isPending: false,
        tells: machine?.node === name ? 'otherwise' : 'stopped',
      })),
      target: machine && {
        isManaged: true,
        isBlocked: false,
        hasFailed: false,
        activeOn: machine.node === undefined ? [] : [machine.node],
        pending: machine.pending,
        role: machine.role,
        ownRole: machine.role,
        record: machine.record,
        obstacle: undefined,
        savesMemory: false,
        isElsewhere: false,
      },
      finished: this.published.get(`${requester}/${operation}/${resource}/${id}`),
    };
    return { ok: true, facts };
  }

  /** What the cluster does about a role. */
  #obey(resource: string): void {
    const machine = this.machines.get(resource);
    // What has been begun is ended first, and then looked at again.
    if (machine === undefined || machine.pending !== undefined) return;
    const shallRun = machine.role !== 'Stopped';
    if (shallRun === (machine.node !== undefined)) return;
    if (!shallRun && !this.canStop) return;
    machine.pending = shallRun ? 'Starting' : 'Stopping';
    this.#clock.after(shallRun ? 300 : 200, () => {
      machine.node = shallRun ? 'hostb' : undefined;
      machine.pending = undefined;
      this.#say(`${resource} ${shallRun ? 'runs' : 'is dead'}`);
      this.#signal.changed();
      this.#obey(resource);
    });
  }

  #say(words: string): void {
    this.log.push(words);
  }
}
