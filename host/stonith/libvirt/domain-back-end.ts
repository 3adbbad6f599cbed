/**
 * One KVM host without a cluster, as a back end. Nothing is left in it that could be forgotten but starts that libvirt has
 * not answered, which a file keeps. How a job ended only the service's own client remembers, for as long as the daemon runs:
 * what was not answered before a restart is done again by the successor.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { CommandRunner } from '../../../shared/process/run-command.ts';
import { listDomains } from '../../libvirt/domain-list.ts';
import type { Done, FenceBackEnd, FenceTarget, FoundRecord, JobName } from '../desk/back-end.ts';
import { ChangeSignal } from '../desk/change-signal.ts';
import { DomainTarget } from './domain-target.ts';
import type { LibvirtFolders } from './domain-traces.ts';
import { libvirtProcesses } from './libvirt-processes.ts';
import { PendingStarts } from './pending-starts.ts';
import { startsFile } from './starts-file.ts';

export interface DomainBackEndOptions {
  readonly host: string;
  readonly run: CommandRunner;
  readonly uri: string;
  readonly folders: LibvirtFolders;
  /** Where the starts are kept that libvirt has not answered. */
  readonly startsFile: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_EVERY_MS = 100;

export class DomainBackEnd implements FenceBackEnd {
  readonly host: string;
  readonly changes = 0;
  readonly #options: DomainBackEndOptions;
  readonly #signal: ChangeSignal;
  readonly #ending = new Set<string>();
  readonly #starts: PendingStarts;

  constructor(options: DomainBackEndOptions) {
    this.#options = options;
    this.#signal = new ChangeSignal(options.clock);
    this.host = options.host;
    const file = startsFile(options.startsFile);
    this.#starts = new PendingStarts({ file, processes: libvirtProcesses, log: options.log });
  }

  open(resource: string, { requester }: JobName): FenceTarget {
    const { host, run, uri, folders, clock } = this.#options;
    const sleep = (ms: number) => clock.sleep(ms);
    return new DomainTarget(resource, {
      host,
      virsh: { run, uri },
      folders,
      sleep,
      requester,
      ending: this.#ending,
      starts: this.#starts,
    });
  }

  async publish(): Promise<Done> {
    return { ok: true };
  }

  async publishKey(): Promise<Done> {
    return { ok: true };
  }

  async known(_names: readonly string[], deadlineMs: number): Promise<ReadonlySet<string> | undefined> {
    const { run, uri } = this.#options;
    const listed = await listDomains({ run, uri, deadlineMs });
    return listed.ok ? new Set(listed.domains.map(({ name }) => name)) : undefined;
  }

  async records(): Promise<readonly FoundRecord[]> {
    return [];
  }

  async sweepAttributes(): Promise<void> {}

  /** Without news there is the clock. */
  change(_since: number, limitMs: number, signal: AbortSignal): Promise<void> {
    return this.#signal.wait(0, Math.min(limitMs, LOOK_EVERY_MS), signal);
  }

  async stop(): Promise<void> {}
}
