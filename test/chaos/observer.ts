/**
 * Watches the QEMU processes of all hosts, as the machine's kernel tells of them, and never asks a daemon of ours: a guest
 * that was confirmed off is dead in that moment, and stays so until somebody asks for it; and none lives twice but while it
 * migrates.
 */
import { qemusOf } from '../lab/fencing-observer.ts';
import type { Laboratory } from '../lab/lab.ts';
import { VICTIMS, type Victim } from './chaos-names.ts';

const LOOK_MS = 25;
/** Far longer than a migration, or what stops it, takes here. */
const TWO_LIVE_MS = 60_000;

export class Observer {
  readonly violations: string[] = [];
  readonly #lab: Laboratory;
  readonly #confirmedOff = new Map<Victim, number>();
  readonly #lastDeadMs = new Map<Victim, number>();
  readonly #twiceSinceMs = new Map<Victim, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(lab: Laboratory) {
    this.#lab = lab;
    this.#timer = setInterval(() => {
      for (const victim of VICTIMS) this.#look(victim);
    }, LOOK_MS);
  }

  pidsOf(victim: Victim): number[] {
    return qemusOf(this.#lab, victim);
  }

  /** Somebody wants it to run, from now on. */
  mayStart(victim: Victim): void {
    this.#confirmedOff.delete(victim);
  }

  confirmedOff(victim: Victim): void {
    const pids = this.pidsOf(victim);
    if (pids.length > 0) this.violated(`${victim} was confirmed off, and lives (process ${pids.join(', ')})`);
    else this.#confirmedOff.set(victim, Date.now());
  }

  /** All those that lived before have to be gone. */
  confirmedReset(victim: Victim, before: readonly number[]): void {
    const left = this.pidsOf(victim).filter((pid) => before.includes(pid));
    if (left.length > 0)
      this.violated(`${victim} was confirmed to be reset, and lives as before (process ${left.join(', ')})`);
  }

  /** Whether it was seen dead at any time since then. */
  wasDeadSince(victim: Victim, sinceMs: number): boolean {
    this.#look(victim);
    return (this.#lastDeadMs.get(victim) ?? 0) >= sinceMs;
  }

  violated(words: string): void {
    this.violations.push(`${new Date().toISOString()} ${words}`);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(victim: Victim): void {
    const pids = this.pidsOf(victim);
    this.#lookForTwo(victim, pids);
    if (pids.length === 0) {
      this.#lastDeadMs.set(victim, Date.now());
      return;
    }
    const sinceMs = this.#confirmedOff.get(victim);
    if (sinceMs === undefined) return;
    this.#confirmedOff.delete(victim);
    const ago = Date.now() - sinceMs;
    this.violated(`${victim} runs again ${ago} ms after it was confirmed off, and nobody asked for it`);
  }

  #lookForTwo(victim: Victim, pids: readonly number[]): void {
    const sinceMs = this.#twiceSinceMs.get(victim);
    if (pids.length < 2) this.#twiceSinceMs.delete(victim);
    else if (sinceMs === undefined) this.#twiceSinceMs.set(victim, Date.now());
    else if (Date.now() - sinceMs > TWO_LIVE_MS) {
      this.#twiceSinceMs.delete(victim);
      this.violated(`${victim} lives twice since ${TWO_LIVE_MS / 1000} s (processes ${pids.join(', ')})`);
    }
  }
}
