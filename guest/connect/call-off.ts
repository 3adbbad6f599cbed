/**
 * `vm-connect -t stonith -r timeout -i ID`: calls a request off. A cancel has no answer of its own, so a ping goes behind
 * it: the daemon that answers that has taken the cancel, and one that has no room for us says so instead.
 */
import { systemClock } from '../../shared/clock.ts';
import { PmError } from '../../shared/errors.ts';
import { FrameConnection } from '../../shared/protocol/connection.ts';
import type { Frame } from '../../shared/protocol/frame-decoder.ts';
import { connectOnce } from '../../shared/unix-socket.ts';
import type { Common } from './command-line.ts';
import { connectError, EXIT, refusal } from './failure.ts';

const NONCE = 1;

export async function callOff(id: string, { socketPath, timeoutMs }: Common): Promise<number> {
  const socket = await connectOnce(socketPath).catch((thrown: unknown) => {
    throw connectError(socketPath, thrown);
  });
  const fault = (words: string) =>
    new PmError({
      code: 'unavailable',
      what: `cannot call off ${id}`,
      fault: words,
      remedy: 'see vm-connect status',
      exitCode: EXIT.failure,
    });
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      timer.cancel();
      end();
      connection.close();
    };
    const heard = (frame: Frame) => {
      if (frame.kind !== 'message') return;
      const { message } = frame;
      if (message.type === 'pong' && message.nonce === NONCE) settle(() => resolve(EXIT.ok));
      if (message.type !== 'error') return;
      const { code, message: words } = message;
      settle(() => reject(refusal('vm-connectd', { code, message: words, retry: code === 'too-many' })));
    };
    const connection = new FrameConnection(
      socket,
      {
        onFrame: heard,
        onClosed: () => settle(() => reject(fault('vm-connectd closed the connection'))),
      },
      Number.POSITIVE_INFINITY,
    );
    const timer = systemClock.after(timeoutMs, () =>
      settle(() => reject(fault(`vm-connectd did not answer within ${timeoutMs / 1_000} s`))),
    );
    connection.send({ type: 'cancel', id });
    connection.send({ type: 'ping', nonce: NONCE });
  });
}
