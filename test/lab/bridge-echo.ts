/** What both ends of a test of the bridge agree on. */

/** The answer to a request, which names the guest that the host took for its sender. */
export const echoOf = (guest: string, id: string, text: string): string => `${guest}|${id}|${text}`;

/** The id of the `number`th request of a run of traffic; it begins with the truth of who asks. */
export const trafficId = (guest: string, run: string, number: number): string => `${guest}-${run}-${number}`;

/** What traffic in a guest has seen so far. */
export interface TrafficReport {
  readonly asked: number;
  /** Requests with exactly their own echo. */
  readonly answered: number;
  /** Answers that were not the echo of their request, errors included. */
  readonly wrong: readonly string[];
  /** Answers to what was answered already or was never asked. */
  readonly unexpected: readonly string[];
  readonly longestMs: number;
  /** Times that the connection to the agent broke. */
  readonly broken: number;
  readonly isEnded: boolean;
}
