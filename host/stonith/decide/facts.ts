/**
 * What the fencing decisions know of the world: one look at the host cluster, or at libvirt, reduced to what matters
 * for one target. Filled by the back ends, judged by proof.ts.
 */
import type { FenceRecord } from './record.ts';

export type Role = 'Started' | 'Stopped';

export interface HostNode {
  readonly name: string;
  readonly isOnline: boolean;
  readonly isUnclean: boolean;
  /** It has joined the membership and not yet the cluster: what runs there is not known. */
  readonly isPending: boolean;
  /**
   * What it last did with the target. `nothing`: it has no memory of it, which is also so when its daemons have come back
   * and have not looked yet, while the target runs there unseen. `remembers-stop`: a stop that may be an older one.
   */
  readonly tells: 'stopped' | 'remembers-stop' | 'nothing' | 'otherwise';
}

export interface Target {
  readonly isManaged: boolean;
  /** Pacemaker has given up on it: a stop failed and nothing more will be done. */
  readonly isBlocked: boolean;
  readonly hasFailed: boolean;
  readonly activeOn: readonly string[];
  /** An operation that is under way, such as `Migrating`. */
  readonly pending: string | undefined;
  /** The target-role that holds, whoever set it: the resource, its group, a rule, the cluster's defaults. */
  readonly role: string | undefined;
  /** The target-role in the set where the record goes, which is what there is to put back. */
  readonly ownRole: string | undefined;
  readonly record: FenceRecord | undefined;
  /** Why its configuration allows no proof about it, whatever happens. */
  readonly obstacle: string | undefined;
  /** When it is stopped without a mark its memory is saved, from which it would go on. */
  readonly savesMemory: boolean;
  /** It was sent to where nobody who tells of it can see. */
  readonly isElsewhere: boolean;
}

export interface Facts {
  /** Who knows, in the words of answers. */
  readonly teller: 'the host cluster' | 'libvirt';
  readonly hasQuorum: boolean;
  readonly fencesItsNodes: boolean;
  readonly nodes: readonly HostNode[];
  /** Why an action that was decided before this look may still come; undefined: none can. */
  readonly unsettled: string | undefined;
  /** It began or ended a migration since this job first looked: where it went may not have been told yet. */
  readonly hasMigrated: boolean;
  /** An order that was accepted has been carried out: nobody decides anything later. */
  readonly ordersAreDone: boolean;
  /** Undefined: there is no virtual machine of that name. */
  readonly target: Target | undefined;
  /** The guest that asks is being fenced itself, or was stopped: of two that ask for each other, one may win. */
  readonly requesterIsDoomed: boolean;
  /** How a job with this id was confirmed, on whichever host: it must not be done again. */
  readonly finished: FinishedJob | undefined;
}

/** Only what was confirmed is told to others. */
export interface FinishedJob {
  readonly state: 'on' | 'off';
  /** Whoever asks later is not who waited for it. */
  readonly untilWallMs: number;
}
