/** What both ends of a test of the bridge agree on. */

/** The answer to a request, which names the guest that the host took for its sender. */
export const echoOf = (guest: string, id: string, text: string): string => `${guest}|${id}|${text}`;

/** The text of a request that is answered only when there is a gate named after its id. */
export const HOLD = 'hold';

/** The ids of a run of traffic begin with the truth of who asks. */
export const trafficId = (guest: string, run: string, number: number): string => `${guest}-${run}-${number}`;
export const heldId = (guest: string, run: string, number: number): string =>
  `${guest}-${run}-held-${number}`;

/** What traffic in a guest has seen. */
export interface TrafficReport {
  readonly asked: number;
  /** Of these, requests that were held until a test let them be answered. */
  readonly held: number;
  /** Requests with exactly their own echo. */
  readonly answered: number;
  /** Answers that were not the echo of their request, errors included. */
  readonly wrong: readonly string[];
  /** Answers to what was answered already or was never asked. */
  readonly unexpected: readonly string[];
  /** The slowest of those that were not held. */
  readonly longestMs: number;
  /** Those that took seconds, and when they were answered. */
  readonly slow: readonly string[];
  /** Times that the connection to the agent broke. */
  readonly broken: number;
}
