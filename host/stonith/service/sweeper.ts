/**
 * Looks for what daemons left behind, at the start and every 30 s: this host's own jobs are taken up again, what anybody
 * forgot is rolled back when its time has passed, and marks that hold no longer are removed.
 */
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { FenceBackEnd, FoundRecord } from '../desk/back-end.ts';

export interface SweeperOptions {
  readonly backEnd: FenceBackEnd;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isRunning: (id: string) => boolean;
  readonly resume: (found: FoundRecord) => void;
}

const EVERY_MS = 30_000;
/** After which a record is taken for forgotten, whoever wrote it. */
const FORGOTTEN_MS = 10_000;
const ROLL_BACK_MS = 8_000;

export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: Timer | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#sweep();
    this.#later();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#sweeping;
  }

  #later(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(EVERY_MS, () => {
      this.#sweeping = this.#sweepAndGoOn();
    });
  }

  async #sweepAndGoOn(): Promise<void> {
    try {
      await this.#sweep();
    } catch (thrown) {
      this.#options.log.error('looking for forgotten jobs failed', { reason: String(thrown) });
    }
    this.#later();
  }

  async #sweep(): Promise<void> {
    const { backEnd, isRunning } = this.#options;
    for (const found of (await backEnd.records()) ?? []) {
      if (!isRunning(found.record.id)) await this.#judge(found);
    }
    await backEnd.sweepMarks(isRunning);
  }

  async #judge({ resource, record }: FoundRecord): Promise<void> {
    const { backEnd, clock, log, resume } = this.#options;
    const { id, host, untilWallMs, formerRole } = record;
    if (host === backEnd.host && untilWallMs > clock.wallMs()) {
      log.warning('a job is taken up again', { id, target: resource });
      resume({ resource, record });
    } else if (untilWallMs + FORGOTTEN_MS < clock.wallMs()) {
      const done = await backEnd.open(resource, record).rollBack(formerRole, ROLL_BACK_MS);
      const fault = done.ok ? undefined : done.fault;
      log.warning('a forgotten job was rolled back', { id, target: resource, host, fault });
    }
  }
}
