/**
 * A vm-connectd of a guest that does what a test says: it speaks the bytes of docs/protocol.md and shares no code with
 * the real one. The service `agent` answers `ping` by itself, unless the script takes that over too.
 */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from './temporary-directory.ts';

export interface AskedOfAgent {
  readonly id: string;
  readonly service: string;
  readonly text: string;
  readonly deadlineMs: number;
  readonly detail?: unknown;
  readonly impatient?: boolean;
}

/** What the agent does with a request: members of a reply, other bytes, nothing, or the end of the connection. */
export type Scripted =
  | { readonly reply: Readonly<Record<string, unknown>> }
  | { readonly bytes: string }
  | 'silence'
  | 'close';

export interface ScriptedAgent {
  readonly path: string;
  /** Of all services but `agent`, in the order of their coming. */
  readonly asked: readonly AskedOfAgent[];
  /** How many were still unanswered when their connection closed. */
  readonly abandoned: () => number;
}

/** How the host lists a target that is in that state, or may not be asked for. */
export function listed(state: string): Readonly<Record<string, string>> {
  const result = { denied: 'denied', unknown: 'unknown' }[state] ?? 'confirmed';
  return { result, state: result === 'confirmed' ? state : 'unknown', reason: 'as scripted' };
}

export async function scriptedAgent(
  t: TestContext,
  script: (request: AskedOfAgent) => Scripted,
): Promise<ScriptedAgent> {
  const path = join(temporaryDirectory(t), 'socket');
  const asked: AskedOfAgent[] = [];
  const sockets = new Set<Socket>();
  let abandoned = 0;
  const server = createServer((socket) => {
    let rest = '';
    let unanswered = 0;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      abandoned += unanswered;
    });
    socket.write('{"type":"hello","version":2,"agent":"scripted","session":"s","role":"guest"}\n');
    socket.on('data', (chunk) => {
      const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const request = readRequest(line);
        if (request === undefined) continue;
        if (request.service !== 'agent') asked.push(request);
        const scripted = request.service === 'agent' ? PONG : script(request);
        if (scripted === 'silence') unanswered++;
        else if (scripted === 'close') socket.destroy();
        else socket.write('bytes' in scripted ? scripted.bytes : replyLine(request.id, scripted.reply));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { path, asked, abandoned: () => abandoned };
}

const PONG: Scripted = { reply: { text: 'pong' } };

function replyLine(id: string, members: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ type: 'reply', id, ...members })}\n`;
}

function readRequest(line: string): AskedOfAgent | undefined {
  const value = JSON.parse(line);
  return value.type === 'request' ? value : undefined;
}
