/**
 * What the lives of the victims have to be, told look by look by nothing but QEMU's processes (../lab/qemu-scan.ts):
 *
 *   - what was confirmed off lives no more from that moment on, and none starts before somebody asks for it;
 *   - what was confirmed as reset has none of its former lives;
 *   - one starts beside another only as the goal of a migration, and two live no longer than one may take.
 *
 * A life is an interval from the look that first saw it to the one that last did. Between two looks nothing is known, and
 * nothing is held against anybody.
 */
import type { QemuProcess } from '../lab/qemu-scan.ts';
import { isVictim, VICTIMS, type Victim } from './chaos-names.ts';
import type { Violations } from './violations.ts';

export interface Life extends Pick<QemuProcess, 'pid' | 'startedTicks' | 'isIncoming'> {
  readonly fromMs: number;
  seenMs: number;
  isOver: boolean;
}

/** A request's answer, wherever it was seen: in the audit log, and once more where it was asked for. */
export interface Confirmation {
  readonly askedMs: number;
  readonly atMs: number;
}

interface Watched {
  readonly lives: Life[];
  lastDeadMs: number;
  twoSinceMs: number | undefined;
  /** Until when somebody has asked for it last. */
  askedForMs: number;
  /** Who asks for it right now. */
  asking: number;
  offSinceMs: number | undefined;
  watchedMs: number;
}

/** Of lives that are over, for answers that are late. */
const LIVES_KEPT_MS = 300_000;

export class Observer {
  readonly #violations: Violations;
  readonly #twoLiveForMs: number;
  readonly #watched: ReadonlyMap<Victim, Watched>;
  #nowMs = 0;

  constructor(violations: Violations, twoLiveForMs: number) {
    this.#violations = violations;
    this.#twoLiveForMs = twoLiveForMs;
    this.#watched = new Map(
      VICTIMS.map((victim) => [
        victim,
        {
          lives: [],
          lastDeadMs: Number.NEGATIVE_INFINITY,
          twoSinceMs: undefined,
          askedForMs: Number.NEGATIVE_INFINITY,
          asking: 0,
          offSinceMs: undefined,
          watchedMs: 0,
        },
      ]),
    );
  }

  /** A look at all of them, begun at that time. */
  see(processes: readonly QemuProcess[], nowMs: number): void {
    this.#nowMs = nowMs;
    for (const victim of VICTIMS) {
      const watched = this.#of(victim);
      update(
        watched.lives,
        processes.filter(({ domain }) => domain === victim),
        nowMs,
      );
      this.#judgeLook(victim, watched);
    }
  }

  livesOf(victim: Victim): readonly Life[] {
    return this.#of(victim).lives.filter(({ isOver }) => !isOver);
  }

  isAlive(victim: Victim): boolean {
    return this.livesOf(victim).length > 0;
  }

  /** Whether a migration to another host has begun since. */
  hasSetOut(victim: Victim, sinceMs: number): boolean {
    return this.#of(victim).lives.some(({ isIncoming, fromMs }) => isIncoming && fromMs >= sinceMs);
  }

  /** Whether it was seen dead at any time since then. */
  wasDeadSince(victim: Victim, sinceMs: number): boolean {
    return this.#of(victim).lastDeadMs >= sinceMs;
  }

  /** Somebody wants it to run; who has asked for it once asks no more. */
  mayStart(victim: Victim): void {
    this.holdStart(victim)();
  }

  /** Somebody wants it to run until the function that is returned is called. */
  holdStart(victim: Victim): () => void {
    const watched = this.#of(victim);
    this.#unwatch(watched);
    watched.asking++;
    watched.askedForMs = this.#nowMs;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      watched.asking--;
      watched.askedForMs = this.#nowMs;
    };
  }

  confirmedOff(victim: Victim, { askedMs, atMs }: Confirmation): void {
    const watched = this.#of(victim);
    const isAskedFor = watched.asking > 0 || watched.askedForMs > askedMs;
    const left = watched.lives.filter(
      ({ fromMs, seenMs }) => seenMs >= atMs && (fromMs < askedMs || !isAskedFor),
    );
    if (left.length > 0)
      this.#violate('what is confirmed is true', `${victim} was confirmed off, and lives`, left);
    else if (!isAskedFor && !this.isAlive(victim)) watched.offSinceMs ??= this.#nowMs;
  }

  /** All that lived before have to be gone; who comes by a migration that began before the answer is one of them. */
  confirmedReset(victim: Victim, { askedMs, atMs }: Confirmation): void {
    const left = this.#of(victim).lives.filter(
      ({ fromMs, seenMs, isIncoming }) =>
        seenMs >= atMs && (fromMs < askedMs || (isIncoming && fromMs < atMs)),
    );
    if (left.length > 0)
      this.#violate(
        'what is confirmed is true',
        `${victim} was confirmed to be reset, and lives as before`,
        left,
      );
  }

  /** For how long starts were watched for that nobody had asked for. */
  get watchedMs(): ReadonlyMap<Victim, number> {
    const untilNow = ({ watchedMs, offSinceMs }: Watched) =>
      watchedMs + (offSinceMs === undefined ? 0 : this.#nowMs - offSinceMs);
    return new Map([...this.#watched].map(([victim, watched]) => [victim, untilNow(watched)]));
  }

  #judgeLook(victim: Victim, watched: Watched): void {
    const living = watched.lives.filter(({ isOver }) => !isOver);
    if (living.length === 0) {
      watched.lastDeadMs = this.#nowMs;
    } else if (watched.offSinceMs !== undefined) {
      const agoMs = Math.round(this.#nowMs - watched.offSinceMs);
      this.#unwatch(watched);
      this.#violate(
        'none starts unasked',
        `${victim} runs again ${agoMs} ms after it was confirmed off, and nobody has asked for it`,
        living,
      );
    }
    this.#lookForTwo(victim, watched, living);
  }

  #lookForTwo(victim: Victim, watched: Watched, living: readonly Life[]): void {
    if (living.length < 2) {
      watched.twoSinceMs = undefined;
      return;
    }
    watched.twoSinceMs ??= this.#nowMs;
    const [, ...later] = living.toSorted((one, other) => one.startedTicks - other.startedTicks);
    const begun = later.filter(({ isIncoming, fromMs }) => !isIncoming && fromMs === this.#nowMs);
    if (begun.length > 0)
      this.#violate(
        'none lives twice',
        `${victim} was started beside itself, and not by a migration`,
        living,
      );
    const forMs = this.#nowMs - watched.twoSinceMs;
    if (forMs > this.#twoLiveForMs) {
      watched.twoSinceMs = Number.POSITIVE_INFINITY; // once is enough
      this.#violate(
        'none lives twice',
        `${victim} lives twice for more than ${this.#twoLiveForMs / 1000} s`,
        living,
      );
    }
  }

  #unwatch(watched: Watched): void {
    if (watched.offSinceMs === undefined) return;
    watched.watchedMs += this.#nowMs - watched.offSinceMs;
    watched.offSinceMs = undefined;
  }

  #violate(law: Parameters<Violations['add']>[0], words: string, lives: readonly Life[]): void {
    const pids = lives.map(({ pid, isIncoming }) => `${pid}${isIncoming ? ', migrated there' : ''}`);
    this.#violations.add(law, `${words} (process ${pids.join('; ')})`);
  }

  #of(victim: Victim): Watched {
    const watched = this.#watched.get(victim);
    if (watched === undefined) throw new RangeError(`${victim} is watched by nobody`);
    return watched;
  }
}

function update(lives: Life[], processes: readonly QemuProcess[], nowMs: number): void {
  for (const life of lives) {
    if (life.isOver) continue;
    const isThere = processes.some(
      ({ pid, startedTicks }) => pid === life.pid && startedTicks === life.startedTicks,
    );
    if (isThere) life.seenMs = nowMs;
    else life.isOver = true;
  }
  for (const { pid, startedTicks, isIncoming } of processes) {
    if (lives.some((life) => !life.isOver && life.pid === pid && life.startedTicks === startedTicks))
      continue;
    lives.push({ pid, startedTicks, isIncoming, fromMs: nowMs, seenMs: nowMs, isOver: false });
  }
  const old = lives.findIndex(({ isOver, seenMs }) => isOver && seenMs < nowMs - LIVES_KEPT_MS);
  if (old >= 0) lives.splice(old, 1);
}

/** The victim that a resource of the cluster is. */
export function victimOf(resource: string): Victim | undefined {
  const name = resource.replace(/^prmVMCTL_/, '');
  return isVictim(name) ? name : undefined;
}
