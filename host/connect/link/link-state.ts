/**
 * The life of a link as a table: (mode, state, event) to the next state and what to do.
 *
 *              poked, due               opened               hello, v1-frame
 *   absent ----------------> connecting ------> mute --------------------------> up-v1, up-v2
 *     ^  ^        failed         |  |            | ^                                | ^   |
 *     |  +-----------------------+  | listens    | | opened                         | +---+ hello, v1-frame
 *     |                             v            | |                                |
 *     |                          listening ------|-+           closed               |
 *     |                             ^  (connect) |                                  |
 *     +-- (bind) -------------------+------------+----------------------------------+
 *                                                |             garbage              |
 *                                                v                                  |
 *                                             penalty <-----------------------------+
 *
 * `bind`: QEMU listens and we connect. `connect`: we listen and QEMU connects; it may never do so a second time, and
 * so a connection of that kind is not closed as a penalty but held, unread.
 *
 *   penalty --due, bind--> connecting     penalty --due, connect--> mute, with the connection that was held
 *                                         penalty --closed, connect--> listening
 *
 * Nothing else ends a penalty, and a poke does not shorten it. The link is given up or led to another socket from
 * outside (guest-link.ts).
 */

export type LinkMode = 'bind' | 'connect';

export type LinkState =
  | 'absent' // no connection; tried again when the delay is over
  | 'connecting'
  | 'listening' // QEMU may connect at any time
  | 'mute' // connected, and nothing that makes sense was heard yet
  | 'up-v1'
  | 'up-v2'
  | 'penalty'; // too much garbage

export type LinkEvent =
  | 'poked' // there is reason to think that it would work now
  | 'due' // the delay or the penalty is over
  | 'opened'
  | 'listens'
  | 'failed'
  | 'hello'
  | 'v1-frame'
  | 'closed'
  | 'garbage';

export type LinkEffect =
  | 'open' // connect, or listen
  | 'greet' // say the preamble
  | 'retry-later' // after the next, longer delay
  | 'reset-delays'
  | 'penalise' // `due` after the next, longer penalty
  | 'end-penalty'
  | 'close'
  | 'hold' // read no more
  | 'release';

export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

export function stepLink(mode: LinkMode, state: LinkState, event: LinkEvent): LinkStep {
  switch (state) {
    case 'absent':
      if (event === 'poked') return { state: 'connecting', effects: ['reset-delays', 'open'] };
      if (event === 'due') return { state: 'connecting', effects: ['open'] };
      break;
    case 'connecting':
      if (event === 'opened') return { state: 'mute', effects: ['greet'] };
      if (event === 'listens') return { state: 'listening', effects: ['reset-delays'] };
      if (event === 'failed') return { state: 'absent', effects: ['retry-later'] };
      if (event === 'poked') return { state, effects: ['reset-delays'] };
      break;
    case 'listening':
      if (event === 'opened') return { state: 'mute', effects: ['greet'] };
      break;
    case 'mute':
    case 'up-v1':
    case 'up-v2':
      return stepOpen(mode, state, event);
    case 'penalty':
      return stepPenalty(mode, event);
  }
  return { state, effects: [] };
}

function stepOpen(mode: LinkMode, state: LinkState, event: LinkEvent): LinkStep {
  switch (event) {
    case 'hello':
      return { state: 'up-v2', effects: ['reset-delays'] };
    case 'v1-frame':
      return { state: 'up-v1', effects: ['reset-delays'] };
    case 'closed':
      return mode === 'bind'
        ? { state: 'absent', effects: ['retry-later'] }
        : { state: 'listening', effects: [] };
    case 'garbage':
      return { state: 'penalty', effects: [mode === 'bind' ? 'close' : 'hold', 'penalise'] };
    case 'poked':
    case 'due':
    case 'opened':
    case 'listens':
    case 'failed':
      return { state, effects: [] };
  }
}

function stepPenalty(mode: LinkMode, event: LinkEvent): LinkStep {
  if (event === 'due') {
    return mode === 'bind'
      ? { state: 'connecting', effects: ['open'] }
      : { state: 'mute', effects: ['release', 'greet'] };
  }
  if (event === 'closed' && mode === 'connect') return { state: 'listening', effects: ['end-penalty'] };
  return { state: 'penalty', effects: [] };
}
