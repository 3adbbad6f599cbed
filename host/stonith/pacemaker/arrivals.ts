/**
 * Machines that were sent to a node which has not looked since: the resource agent sets an attribute there before it sends
 * one, and whatever looks there removes it. Where it stays, Pacemaker has lost the machine, and starts it nowhere else nor
 * stops it here, until this node is made to look.
 *
 * Of a resource that the CIB knows no more, neither as configured nor from any node's history, nobody looks: the attribute
 * is removed. What is configured anew under that name is looked for on every node before it is started. A resource of
 * another agent was looked for when it became that; the attribute says nothing of it, and stays until it is gone.
 */

import type { Logger } from '../../../shared/log.ts';
import { queryCibXPath, xpathLiteral } from '../../pacemaker/cib-query.ts';
import { queryDcState } from '../../pacemaker/dc-state.ts';
import { deleteNodeAttribute, queryNodeAttribute } from '../../pacemaker/node-attributes.ts';
import type { Pacemaker } from '../../pacemaker/pacemaker-call.ts';
import { refreshResource } from '../../pacemaker/refresh-resource.ts';
import { historyXPath } from '../../pacemaker/resource-history.ts';
import type { XmlElement } from '../../xml/xml-element.ts';

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
    for (const resource of overdue) await this.#seeTo(resource);
  }

  async #seeTo(resource: string): Promise<void> {
    // pacemaker-attrd writes late into the CIB that it is gone.
    const present = await queryNodeAttribute(this.#pacemaker, arrivalAttribute(resource));
    if (!present.ok || !present.values.has(this.#host)) return;
    const configured = `//configuration//primitive[@id=${xpathLiteral(resource)}]`;
    const found = await queryCibXPath(this.#pacemaker, `${configured} | ${historyXPath(resource)}`);
    if (!found.ok) return;
    const primitive = found.elements.find(({ name }) => name === 'primitive');
    if (found.elements.length === 0) await this.#forget(resource);
    else if (primitive !== undefined && !isOfAnotherAgent(primitive)) await this.#makeLook(resource);
  }

  async #forget(resource: string): Promise<void> {
    const node = this.#host;
    const removed = await deleteNodeAttribute(this.#pacemaker, { name: arrivalAttribute(resource), node });
    const words = { resource, node };
    if (removed.ok)
      this.#log.warning(
        'a machine was sent here whose resource is gone since: nobody waits for it any more; see that none runs here',
        words,
      );
    else
      this.#log.warning('what was left of a resource that is gone could not be removed', {
        ...words,
        reason: removed.fault,
      });
  }

  async #makeLook(resource: string): Promise<void> {
    const answer = await refreshResource(this.#pacemaker, resource, this.#host);
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

/** One with a template has the agent of that. */
const isOfAnotherAgent = ({ attributes: { type, provider } }: XmlElement): boolean =>
  type !== undefined && (type !== 'VirtualDomain' || provider !== 'extra');
