/** Plays vm-managerd: answers every request at once.  node bridge-service.ts SOCKET */
import { createConnection } from 'node:net';
import { encodeMessage } from '../../shared/protocol/encode-message.ts';
import { FrameDecoder } from '../../shared/protocol/frame-decoder.ts';
import type { Message } from '../../shared/protocol/message.ts';

process.on('disconnect', () => process.exit()); // whoever started it has ended

const socket = createConnection(process.argv[2] ?? '');
const say = (message: Message) => socket.write(encodeMessage(message) ?? '');
const decoder = new FrameDecoder((frame) => {
  if (frame.kind !== 'message') return;
  const { message } = frame;
  if (message.type === 'registered') process.send?.('ready');
  if (message.type !== 'request') return;
  const { id, guest = '' } = message;
  say({ type: 'reply', id, guest, text: 'default_ping_set=100,diskcheck_status=normal' });
});
socket.on('data', (chunk: Buffer) => decoder.push(chunk));
socket.on('connect', () => say({ type: 'register', service: 'monitor' }));
