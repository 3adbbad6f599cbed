/** Askers and the daemons they ask. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../../shared/log.ts';
import { type Asked, type AskOptions, ask } from '../../../shared/protocol/local-client.ts';
import {
  type LocalConnection,
  type LocalLimits,
  LocalServer,
} from '../../../shared/protocol/local-server.ts';
import type { Request } from '../../../shared/protocol/message.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export type OnRequest = (connection: LocalConnection, request: Request) => void;

export async function daemon(
  t: TestContext,
  path: string,
  onRequest: OnRequest,
  limits: Partial<LocalLimits> = {},
) {
  const server = await LocalServer.listen({
    path,
    role: 'guest',
    agent: 'test',
    session: 's',
    log: silentLogger,
    limits,
    handlers: {
      onFrame: (connection, frame) => {
        if (frame.kind === 'message' && frame.message.type === 'request')
          onRequest(connection, frame.message);
      },
      onClosed: () => {},
    },
  });
  t.after(() => server.close());
  return server;
}

/** A listener that says what it is told to, whatever it hears. */
export async function impostor(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const path = join(temporaryDirectory(t), 'local.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return path;
}

export const asking = (socketPath: string, more: Partial<AskOptions> = {}): Promise<Asked> =>
  ask({ socketPath, service: 'host', text: 'ping', deadlineMs: 10_000, ...more });

export function failureOf(asked: Asked): string {
  if (asked.ok) assert.fail(`it was answered: ${JSON.stringify(asked.answer)}`);
  assert.match(asked.error.message, /^cannot ask host through \S+: .+; .+/s);
  return asked.failure;
}

export const socketIn = (t: TestContext) => join(temporaryDirectory(t), 'local.sock');
