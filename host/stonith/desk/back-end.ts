/**
 * What a job needs of the world: the one port between the fencing decisions and whatever runs the virtual machines.
 *
 * Invariant of every implementation: `ok` only for what certainly was done; a refusal that certainly changed nothing
 * says so by `isCertain`; nothing throws for what a command can do, and everything ends by its deadline.
 */
import type { Facts, FinishedJob, Role } from '../decide/facts.ts';
import type { FenceRecord } from '../decide/record.ts';
import type { Operation } from '../token/grant.ts';

export type Looked =
  | { readonly ok: true; readonly facts: Facts }
  | { readonly ok: false; readonly fault: string };

export type Done =
  | {
      readonly ok: true;
      /** Where it ran in the very moment in which the order to stop was accepted, as far as that is certain. */
      readonly ranOn?: readonly string[];
    }
  | {
      readonly ok: false;
      readonly fault: string;
      readonly isCertain: boolean;
      /** Refused because somebody else changed it in between. */
      readonly isConflict?: boolean;
    };

export interface LookNeeds {
  /** The configuration, and how jobs ended elsewhere. */
  readonly configuration: boolean;
  /** Whether all that was decided has been done. */
  readonly settled: boolean;
}

/** One target, for one job, whose steps come one after the other. */
export interface FenceTarget {
  look(needs: LookNeeds, deadlineMs: number): Promise<Looked>;
  mark(nodes: readonly string[], mark: string, deadlineMs: number): Promise<Done>;
  /** Role and record in one; refused when what the last look at the configuration saw has changed. */
  order(role: Role, record: FenceRecord, deadlineMs: number): Promise<Done>;
  start(deadlineMs: number): Promise<Done>;
  clear(deadlineMs: number): Promise<Done>;
  /** `unlessEnded`: refused, with nothing changed, unless it certainly has not ended in that very moment. */
  rollBack(
    former: { readonly role: string | undefined; readonly unlessEnded: boolean },
    deadlineMs: number,
  ): Promise<Done>;
}

export interface JobName {
  readonly requester: string;
  readonly operation: Operation;
  readonly id: string;
}

export interface FoundRecord {
  readonly resource: string;
  readonly record: FenceRecord;
}

export interface FenceBackEnd {
  readonly host: string;
  open(resource: string, job: JobName): FenceTarget;
  publish(resource: string, job: JobName, ended: FinishedJob): Promise<Done>;
  /** Those of the names that virtual machines have, by one query; undefined: it can't be told. */
  known(names: readonly string[], deadlineMs: number): Promise<ReadonlySet<string> | undefined>;
  /** Every record that stands somewhere; undefined: they can't be read. */
  records(): Promise<readonly FoundRecord[] | undefined>;
  /** Removes marks whose time has passed and that belong to no job that still runs, and looks for what was lost on its way. */
  sweepAttributes(isRunning: (id: string) => boolean): Promise<void>;
  /** Counts up whenever something may have changed. */
  readonly changes: number;
  /** Resolves at the first change after `since`, or after `limitMs`, or when the signal is aborted. */
  change(since: number, limitMs: number, signal: AbortSignal): Promise<void>;
  /** Lets admins and other hosts see which keys are in force here. */
  publishKey(fingerprint: string): Promise<Done>;
  stop(): Promise<void>;
}
