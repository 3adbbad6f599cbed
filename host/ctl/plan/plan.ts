/**
 * A plan: what the configuration is to be, or all that is in the way.
 *
 *   command line + facts -> plan (pure) -> one atomic change -> report
 *
 * Invariant: a planner neither asks nor changes anything. It lists every problem it finds, not the first, and its
 * `after` is only used when there is none. Made again from new facts, the same wish gives a plan for these.
 */
import type { XmlElement } from '../../xml/xml-element.ts';
import type { Facts } from '../cluster/facts.ts';
import type { Message } from '../messages/message.ts';

export interface Plan {
  /** Nothing is changed while there is one. */
  readonly problems: readonly Message[];
  /** Told, and no reason not to go on. */
  readonly warnings: readonly Message[];
  /** What needs no change, such as a guest that is started already. */
  readonly notes: readonly Message[];
  /** The whole `<cib>` as it is to be. */
  readonly after: XmlElement;
  /** The guests that are changed. */
  readonly guests: readonly PlannedGuest[];
}

export interface PlannedGuest {
  readonly domain: string;
  readonly resource: string;
}

/** In a sentence. */
export const namesOf = (guests: readonly { readonly domain: string }[]): string =>
  guests.map(({ domain }) => domain).join(', ');

export type Planner = (facts: Facts) => Plan;
