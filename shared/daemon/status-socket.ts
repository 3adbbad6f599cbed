/** Tells local programs how a daemon is: the service `agent` on a socket of its own, as vm-connectd has one. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../log.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type LocalConnection, LocalServer } from '../protocol/local-server.ts';
import type { Answer, Json } from '../protocol/message.ts';

export interface StatusSocketOptions {
  readonly path: string;
  readonly agent: string;
  readonly session: string;
  readonly log: Logger;
  readonly status: () => Json;
  readonly metrics: () => string;
}

export function listenForStatus(options: StatusSocketOptions): Promise<LocalServer> {
  const { path, agent, session, log } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  return LocalServer.listen({
    path,
    role: 'host',
    agent,
    session,
    log,
    handlers: { onFrame: (connection, frame) => answer(connection, frame, options), onClosed() {} },
    limits: { connections: 16 },
  });
}

function answer(connection: LocalConnection, frame: Frame, options: StatusSocketOptions): void {
  if (frame.kind !== 'message' || frame.message.type !== 'request') return;
  const { id, service, text } = frame.message;
  connection.send({ type: 'reply', id, ...answerTo(service, text, options) });
}

function answerTo(service: string, text: string, { status, metrics }: StatusSocketOptions): Answer {
  if (service === 'agent' && text === 'status') return { text: 'OK', detail: status() };
  if (service === 'agent' && text === 'metrics') return { text: 'OK', detail: metrics() };
  const message = 'ask the service agent for status or metrics';
  return { error: { code: 'unknown-service', message, retry: false } };
}
