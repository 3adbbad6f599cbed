/**
 * A node attribute that stands while the daemon runs (-n and -v): set when the cluster is first seen, set again whenever
 * it is seen without it, as after a restart of Pacemaker, and removed at the end.
 */
import type { Logger } from '../../shared/log.ts';
import type { NamedValues } from '../pacemaker/attribute-sets.ts';
import { deleteNodeAttribute, setNodeAttribute } from '../pacemaker/node-attributes.ts';
import type { Pacemaker } from '../pacemaker/pacemaker-call.ts';

export interface OwnAttributeOptions {
  readonly pacemaker: Pacemaker;
  /** The same; what is under way there ends with the daemon. */
  readonly untilStop: Pacemaker;
  readonly name: string;
  readonly value: string;
  readonly log: Logger;
}

export class OwnAttribute {
  readonly #options: OwnAttributeOptions;
  #setting: Promise<void> | undefined;
  /** Where it may have been set: an order that was not answered may have been obeyed. */
  #node: string | undefined;
  #isStopped = false;

  constructor(options: OwnAttributeOptions) {
    this.#options = options;
  }

  /** What the cluster says of this node just now. */
  seen(node: string, values: NamedValues): void {
    const { name, value } = this.#options;
    if (this.#isStopped || values.get(name) === value) return;
    this.#setting ??= this.#set(node).finally(() => {
      this.#setting = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#setting;
    if (this.#node === undefined) return;
    const { pacemaker, name, log } = this.#options;
    const done = await deleteNodeAttribute(pacemaker, { name, node: this.#node });
    if (done.ok) log.info(`attribute ${name}: set => removed`);
    else log.warning(`attribute ${name} could not be removed`, { reason: done.fault });
  }

  async #set(node: string): Promise<void> {
    const { untilStop, name, value, log } = this.#options;
    this.#node = node;
    const done = await setNodeAttribute(untilStop, { name, node }, value);
    if (done.ok) log.info(`attribute ${name}: set`, { value });
    else if (!this.#isStopped) log.warning(`attribute ${name} could not be set`, { reason: done.fault });
  }
}
