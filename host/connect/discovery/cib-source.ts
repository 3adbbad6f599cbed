/**
 * The VirtualDomain resources of the cluster. Pacemaker is asked when its configuration file has changed, which its
 * directory tells, and by the sweep; a Pacemaker that is not there, not yet there or stuck is asked again later.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import { queryCibSectionText, readCibSection } from '../../pacemaker/cib-query.ts';
import { virtualDomainsIn } from '../../pacemaker/cib-resources.ts';
import { queryLocalNode } from '../../pacemaker/local-node.ts';
import type { Pacemaker } from '../../pacemaker/pacemaker-call.ts';
import { Coalescer, faultLogger } from './coalescer.ts';
import type { DomainResource } from './guest-directory.ts';
import { SourceState, type SourceView } from './source-state.ts';

export interface CibSourceOptions {
  readonly pacemaker: Pacemaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** The name that the cluster has for this host, which need not be its host name. */
  readonly onNodeName: (node: string) => void;
  /** They are not what they were. */
  readonly onResources: (resources: readonly DomainResource[]) => void;
}

/** Pacemaker writes several files for one change. */
const SETTLE_MS = 50;

export class CibSource {
  readonly #options: CibSourceOptions;
  readonly #state: SourceState;
  readonly #reader: Coalescer;
  #isNameKnown = false;
  /** The section of resources as it was understood last: the status changes far more often, and reading takes long. */
  #known: string | undefined;

  constructor(options: CibSourceOptions) {
    const { clock, random, log } = options;
    this.#options = options;
    this.#reader = new Coalescer(clock, { settleMs: SETTLE_MS, onFault: faultLogger(log, 'pacemaker') }, () =>
      this.#read(),
    );
    this.#state = new SourceState({ name: 'pacemaker', clock, random, log, tryAgain: () => this.refresh() });
  }

  get view(): SourceView {
    return this.#state.view;
  }

  refresh(): void {
    this.#reader.ask();
  }

  async close(): Promise<void> {
    this.#state.close();
    await this.#reader.close();
    this.#state.close();
  }

  /** Once; a file in the place of a cluster knows no name. */
  async #askNodeName(): Promise<void> {
    const { pacemaker, onNodeName } = this.#options;
    if (this.#isNameKnown || pacemaker.cibFile !== undefined) return;
    const answer = await queryLocalNode(pacemaker);
    if (!answer.ok || answer.node === '') return;
    this.#isNameKnown = true;
    onNodeName(answer.node);
  }

  async #read(): Promise<void> {
    const answer = await queryCibSectionText(this.#options.pacemaker, 'resources');
    if (!answer.ok) {
      this.#state.failed(answer.fault);
      return;
    }
    const read = answer.stdout === this.#known ? undefined : readCibSection(answer.stdout, 'resources');
    if (read?.ok === false) {
      this.#state.failed(read.fault);
      return;
    }
    this.#state.complete();
    await this.#askNodeName();
    if (read === undefined) return;
    this.#options.onResources(virtualDomainsIn(read.section).map(({ id, config }) => ({ id, config })));
    this.#known = answer.stdout;
  }
}
