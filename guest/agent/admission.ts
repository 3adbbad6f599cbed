/** Whether there is room for one more request of a local program, and if not, in which words it is refused. */
import { MAX_FRAME_BYTES, type RequestError } from '../../shared/protocol/message.ts';
import type { Waiting } from './waiting.ts';

export const LIMITS = {
  requests: 64,
  bytes: 256 * 1024,
  /** Of one local client, so that it can't crowd out the others. */
  clientRequests: 48,
  clientBytes: 192 * 1024,
} as const;

/** `bytes`: the size of the frame that the request makes. */
export function refusalOf(all: readonly Waiting[], client: number, bytes: number): RequestError | undefined {
  if (bytes > MAX_FRAME_BYTES) {
    return { code: 'bad-request', message: 'the request is longer than a frame', retry: false };
  }
  const own = all.filter(({ askers }) => askers.has(client));
  if (all.length >= LIMITS.requests || sumOfBytes(all) + bytes > LIMITS.bytes) return tooMany('this guest');
  if (own.length >= LIMITS.clientRequests || sumOfBytes(own) + bytes > LIMITS.clientBytes) {
    return tooMany('this connection');
  }
  return undefined;
}

const tooMany = (whose: string): RequestError => ({
  code: 'too-many',
  message: `${whose} has as many open requests as it may have; wait for answers`,
  retry: true,
});

export const sumOfBytes = (some: readonly Waiting[]): number =>
  some.reduce((sum, { bytes }) => sum + bytes, 0);
