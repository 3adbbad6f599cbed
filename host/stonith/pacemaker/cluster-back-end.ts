/**
 * The host cluster as a back end: jobs' targets, how jobs ended, what was forgotten, and the news that something changed.
 *
 * One crm_mon stays connected for the news (host/pacemaker/cluster-events.ts); when it ends it is begun anew with
 * back-off, and until then jobs look by the clock.
 */
import { backOffDelays } from '../../../shared/back-off.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { CommandRunner } from '../../../shared/process/run-command.ts';
import { queryCibXPath } from '../../pacemaker/cib-query.ts';
import { type ClusterEventStream, followCluster } from '../../pacemaker/cluster-events.ts';
import {
  deleteNodeAttribute,
  queryAllNodeAttributes,
  queryNodeAttribute,
} from '../../pacemaker/node-attributes.ts';
import type { Pacemaker } from '../../pacemaker/pacemaker-call.ts';
import { deletePrivateAttribute, setPrivateAttribute } from '../../pacemaker/quiet-attributes.ts';
import type { FinishedJob } from '../decide/facts.ts';
import { markAttribute, parseMark, parseRecord, RECORD_ATTRIBUTE } from '../decide/record.ts';
import type { Done, FenceBackEnd, FenceTarget, FoundRecord, JobName } from '../desk/back-end.ts';
import { ChangeSignal } from '../desk/change-signal.ts';
import { Arrivals } from './arrivals.ts';
import { ClusterTarget, doneOf } from './cluster-target.ts';
import {
  DONE_ATTRIBUTE,
  formatTombstones,
  parseTombstones,
  type Tombstone,
  withTombstone,
} from './finished-jobs.ts';
import { setWithRecord, valueIn } from './meta-set.ts';
import { type Definitions, virtualMachine } from './target-in-cib.ts';

export interface ClusterBackEndOptions {
  readonly host: string;
  readonly run: CommandRunner;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of each node: the fingerprint of the keys that its vm-stonithd obeys. */
export const KEY_ATTRIBUTE = 'vm-stonithd-key';
const COMMAND_MS = 5_000;
const FOLLOW_AGAIN = { firstMs: 500, ceilingMs: 15_000 };
/** A stream of news that lasted so long had no fault of its own. */
const LASTED_MS = 60_000;
const MARK = markAttribute('');

export class ClusterBackEnd implements FenceBackEnd {
  readonly host: string;
  readonly #options: ClusterBackEndOptions;
  readonly #pacemaker: Pacemaker;
  readonly #signal: ChangeSignal;
  readonly #stopping = new AbortController();
  readonly #definitions: Definitions = new Map();
  readonly #arrivals: Arrivals;
  #events: ClusterEventStream | undefined;
  /** Those of this node, once they are known; one publishes after the other, so that the newest list stays. */
  #tombstones: readonly Tombstone[] | undefined;
  #publishing: Promise<unknown> = Promise.resolve();

  constructor(options: ClusterBackEndOptions) {
    this.#options = options;
    this.host = options.host;
    this.#pacemaker = { run: options.run, deadlineMs: COMMAND_MS };
    this.#signal = new ChangeSignal(options.clock);
    this.#arrivals = new Arrivals(this.#pacemaker, this.host, options.log);
    void this.#follow();
  }

  get changes(): number {
    return this.#signal.count;
  }

  change(since: number, limitMs: number, signal: AbortSignal): Promise<void> {
    return this.#signal.wait(since, limitMs, signal);
  }

  open(resource: string, job: JobName): FenceTarget {
    const { clock, run } = this.#options;
    return new ClusterTarget(resource, job, {
      pacemaker: { run },
      wallMs: () => clock.wallMs(),
      definitions: this.#definitions,
    });
  }

  publish(resource: string, job: JobName, ended: FinishedJob): Promise<Done> {
    const atWallMs = this.#options.clock.wallMs();
    const published = this.#publishing.then(() => this.#publish({ ...job, ...ended, resource, atWallMs }));
    this.#publishing = published.catch(() => undefined); // whoever published is told; the next one is not concerned
    return published;
  }

  async #publish(stone: Tombstone): Promise<Done> {
    if (this.#tombstones === undefined) {
      // What this host published before it was restarted must not be lost.
      const answer = await queryNodeAttribute(this.#pacemaker, DONE_ATTRIBUTE);
      if (!answer.ok) return doneOf(answer);
      this.#tombstones = parseTombstones(answer.values.get(this.host) ?? '');
    }
    this.#tombstones = withTombstone(this.#tombstones, stone, stone.atWallMs);
    const at = { name: DONE_ATTRIBUTE, node: this.host };
    return doneOf(await setPrivateAttribute(this.#pacemaker, at, formatTombstones(this.#tombstones)));
  }

  async known(names: readonly string[], deadlineMs: number): Promise<ReadonlySet<string> | undefined> {
    const answer = await queryCibXPath({ ...this.#pacemaker, deadlineMs }, virtualMachine(...names));
    return answer.ok
      ? new Set(answer.elements.flatMap(({ attributes }) => attributes['id'] ?? []))
      : undefined;
  }

  async records(): Promise<readonly FoundRecord[] | undefined> {
    const recorded = `//resources//primitive[meta_attributes/nvpair[@name="${RECORD_ATTRIBUTE}"]]`;
    const answer = await queryCibXPath(this.#pacemaker, recorded);
    if (!answer.ok) return undefined;
    return answer.elements.flatMap((primitive) =>
      primitive.children.flatMap((set) => {
        const record = parseRecord(valueIn(set, RECORD_ATTRIBUTE) ?? '');
        const resource = primitive.attributes['id'];
        if (record === undefined || resource === undefined) return [];
        return setWithRecord(primitive, record.id) === undefined ? [] : [{ resource, record }];
      }),
    );
  }

  /** A mark gets into the CIB when it has stood for some seconds (quiet-attributes.ts), so one query finds the forgotten. */
  async sweepAttributes(isRunning: (id: string) => boolean): Promise<void> {
    const answer = await queryAllNodeAttributes(this.#pacemaker);
    if (!answer.ok) return;
    await this.#arrivals.sweep(answer.nodes.get(this.host) ?? new Map());
    const wallMs = this.#options.clock.wallMs();
    for (const [node, attributes] of answer.nodes) {
      for (const [name, value] of attributes) {
        const mark = name.startsWith(MARK) ? parseMark(value) : undefined;
        if (mark === undefined || isRunning(mark.id) || mark.untilWallMs > wallMs) continue;
        // In the CIB an old one stands for some seconds when another request has set its own in its place.
        const present = await queryNodeAttribute(this.#pacemaker, name);
        if (!present.ok || (present.values.get(node) ?? value) !== value) continue;
        const removed = await deleteNodeAttribute(this.#pacemaker, { name, node });
        const words = { name, node, value };
        if (removed.ok) this.#options.log.warning('a forgotten mark was removed', words);
        else
          this.#options.log.warning('a forgotten mark could not be removed', {
            ...words,
            reason: removed.fault,
          });
      }
    }
  }

  /** Lets admins and other hosts see which keys are in force here. */
  async publishKey(fingerprint: string): Promise<Done> {
    const at = { name: KEY_ATTRIBUTE, node: this.host };
    return doneOf(await setPrivateAttribute(this.#pacemaker, at, fingerprint));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#events?.stop();
    await this.#events?.ended;
    await deletePrivateAttribute(this.#pacemaker, { name: KEY_ATTRIBUTE, node: this.host });
  }

  async #follow(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    let delays = backOffDelays(FOLLOW_AGAIN, Math.random);
    while (!signal.aborted) {
      const beganMs = clock.nowMs();
      const events = followCluster({ onChange: () => this.#signal.changed(), onAway: () => undefined });
      this.#events = events;
      const { fault } = await events.ended;
      if (signal.aborted) return;
      if (clock.nowMs() - beganMs >= LASTED_MS) delays = backOffDelays(FOLLOW_AGAIN, Math.random);
      log.warning('the news of the host cluster ended; following anew', { reason: fault });
      await clock.sleep(delays.next().value, signal).catch(() => undefined);
    }
  }
}
