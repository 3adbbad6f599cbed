/**
 * Machines that were sent to a node which has not looked since: the resource agent sets an attribute there before it sends
 * one, and whatever looks there removes it. Where it stays, Pacemaker has lost the machine, and starts it nowhere else nor
 * stops it here, until this node is made to look.
 */

import type { Logger } from '../../../shared/log.ts';
import { queryDcState } from '../../pacemaker/dc-state.ts';
import { callPacemaker, type Pacemaker } from '../../pacemaker/pacemaker-call.ts';

const PREFIX = 'arriving-';

export const arrivalAttribute = (resource: string): string => `${PREFIX}${resource}`;

export class Arrivals {
  readonly #pacemaker: Pacemaker;
  readonly #host: string;
  readonly #log: Logger;
  #before: ReadonlySet<string> = new Set();

  constructor(pacemaker: Pacemaker, host: string, log: Logger) {
    this.#pacemaker = pacemaker;
    this.#host = host;
    this.#log = log;
  }

  /** Of this node's attributes: what stood there at the last sweep, too, is overdue, unless the cluster is at work. */
  async sweep(attributes: ReadonlyMap<string, string>): Promise<void> {
    const names = [...attributes].filter(([name, value]) => name.startsWith(PREFIX) && value !== '');
    const arriving = names.map(([name]) => name.slice(PREFIX.length));
    const overdue = arriving.filter((resource) => this.#before.has(resource));
    this.#before = new Set(arriving);
    if (overdue.length === 0) return;
    const dc = await queryDcState(this.#pacemaker);
    if (!dc.ok || !dc.dcState.isIdle) return;
    for (const resource of overdue) await this.#makeLook(resource);
  }

  async #makeLook(resource: string): Promise<void> {
    const argv = ['crm_resource', '--refresh', `--resource=${resource}`, `--node=${this.#host}`];
    const answer = await callPacemaker(this.#pacemaker, argv);
    const words = { resource, node: this.#host };
    if (answer.ok)
      this.#log.warning('a machine was sent here and nobody has looked since: Pacemaker looks now', words);
    else
      this.#log.warning('a machine was sent here, and Pacemaker could not be made to look', {
        ...words,
        reason: answer.fault,
      });
  }
}
