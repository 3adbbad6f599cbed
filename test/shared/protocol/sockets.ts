/** Pairs of real sockets. */
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Two ends of one connection; the far one is closed with the test. */
export async function socketPair(t: TestContext): Promise<{ near: Socket; far: Socket }> {
  const path = join(temporaryDirectory(t), 'pair.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const far = createConnection(path);
  far.on('error', () => {});
  const near = await accepted;
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** Everything that comes until the other side ends it. */
export async function textOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return Buffer.concat(chunks).toString();
}
