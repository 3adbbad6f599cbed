/** What the host says of itself when an agent says hello. */
import { MAX_FRAME_BYTES, type Message, PROTOCOL_VERSION } from '../../../shared/protocol/message.ts';
import type { RouterLimits } from '../limits.ts';

export interface Identity {
  /** Program and version. */
  readonly agent: string;
  /** Another one at every start of this process. */
  readonly session: string;
  readonly boot: string;
  /** The name of the cluster's node, or the host name where there is no cluster. */
  readonly host: string;
}

export function greeting(
  identity: Identity,
  guest: string,
  services: readonly string[],
  { openRequests, openBytes }: RouterLimits,
): Message {
  return {
    type: 'hello',
    version: PROTOCOL_VERSION,
    ...identity,
    guest,
    services,
    limits: { frameBytes: MAX_FRAME_BYTES, openRequests, openBytes },
  };
}
