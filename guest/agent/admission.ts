/** Whether there is room for one more request of a local program, and if not, in which words it is refused. */
import { MAX_FRAME_BYTES, type RequestError } from '../../shared/protocol/message.ts';
import { NOBODY, type Waiting } from './waiting.ts';

export const LIMITS = {
  requests: 64,
  bytes: 256 * 1024,
  /** Of one local client, so that it can't crowd out the others; and of those together that nobody waits for. */
  clientRequests: 48,
  clientBytes: 192 * 1024,
} as const;

/** `client`: who sent it. `asker`: who waits for it, or NOBODY. `bytes`: the size of the frame that it makes. */
export function refusalOf(
  all: readonly Waiting[],
  { client, asker, bytes }: { readonly client: number; readonly asker: number; readonly bytes: number },
): RequestError | undefined {
  if (bytes > MAX_FRAME_BYTES) {
    return { code: 'bad-request', message: 'the request is longer than a frame', retry: false };
  }
  if (all.length >= LIMITS.requests || sumOfBytes(all) + bytes > LIMITS.bytes)
    return tooMany('this guest has');
  const isTooMuch = (part: readonly Waiting[]) =>
    part.length >= LIMITS.clientRequests || sumOfBytes(part) + bytes > LIMITS.clientBytes;
  const own = all.filter(({ sender, askers }) => sender === client || askers.has(client));
  if (isTooMuch(own)) return tooMany('this connection has');
  // They outlive their connections, of which there may be any number one after the other.
  const unattended = all.filter(({ askers }) => askers.has(NOBODY));
  return asker === NOBODY && isTooMuch(unattended) ? tooMany('those who wait for no reply have') : undefined;
}

const tooMany = (whoHas: string): RequestError => ({
  code: 'too-many',
  message: `${whoHas} as many open requests as allowed; wait for answers`,
  retry: true,
});

export const sumOfBytes = (some: readonly Waiting[]): number =>
  some.reduce((sum, { bytes }) => sum + bytes, 0);
