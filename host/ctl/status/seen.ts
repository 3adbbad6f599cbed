/**
 * What `status` looks at. Each source answers or not by itself, and one that does not is never shown as empty.
 */
import type { HostStatus } from '../../connect/status/host-status.ts';
import type { DomainJob } from '../../libvirt/job-info.ts';
import type { Cib } from '../../pacemaker/cib-query.ts';
import type { ClusterStatus } from '../../pacemaker/cluster-status.ts';
import type { LockHolder } from '../change/lock.ts';
import type { Settings } from '../config/settings.ts';
import type { Message } from '../messages/message.ts';
import type { AuditEntry } from './audit-tail.ts';
import type { StonithStatus } from './stonith-status.ts';

export type Answer<T> =
  | { readonly kind: 'told'; readonly value: T }
  /** It was asked and gave no usable answer. */
  | { readonly kind: 'silent'; readonly problem: Message }
  /** With --cib-file nobody is asked but the file. */
  | { readonly kind: 'not-asked' };

export interface Seen {
  readonly atWallMs: number;
  readonly settings: Settings;
  /** How the cluster calls this host. */
  readonly node: string | undefined;
  readonly cluster: Answer<{
    readonly cib: Cib;
    /** Undefined for a file that holds none. */
    readonly status: ClusterStatus | undefined;
  }>;
  /** Whether the cluster has done what it was about; undefined where it did not say. */
  readonly isIdle: boolean | undefined;
  readonly links: Answer<HostStatus>;
  readonly stonith: Answer<StonithStatus>;
  /** The newest first. */
  readonly audit: Answer<readonly AuditEntry[]>;
  /** By domain: the migrations that this host's libvirt has under way. */
  readonly jobs: ReadonlyMap<string, DomainJob>;
  /** The vm-ctl that changes something just now. */
  readonly worker: LockHolder | undefined;
}
