/**
 * A service for tests of the bridge, on a host: answers every request with who asked what, and writes down each job
 * that it is handed.
 *
 *   node bridge-service.js SERVICE LOG GATES
 *
 * The text `hold NAME` is answered when there is a file NAME in the folder GATES, so that a test decides how long a
 * request stays open.
 */
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../shared/paths.ts';
import { ServiceClient, type ServiceRequest } from '../../shared/protocol/service-client.ts';
import { echoOf } from './bridge-echo.ts';

const [service = '', logFile = '', gates = ''] = process.argv.slice(2);
const GATE_POLL_MS = 50;

const write = (line: object) => appendFileSync(logFile, `${JSON.stringify(line)}\n`);
const say =
  (level: string) =>
  (message: string, fields: object = {}) =>
    write({ event: 'log', level, message, ...fields });

mkdirSync(gates, { recursive: true });
const client = new ServiceClient({
  socketPath: paths.connectSocket,
  service,
  log: { error: say('error'), warning: say('warning'), info: say('info'), debug: () => {} },
  onRequest: serve,
  onCancel: ({ guest, id }) => write({ event: 'cancelled', guest, id }),
});
process.once('SIGTERM', () => void client.stop());

function serve(request: ServiceRequest): void {
  const { guest, id, text, protocol } = request;
  write({ event: 'asked', guest, id, text, protocol });
  const gate = /^hold (.+)$/.exec(text)?.[1];
  if (gate === undefined) answer(request);
  else awaitGate(request, join(gates, gate));
}

function awaitGate(request: ServiceRequest, gate: string): void {
  if (existsSync(gate)) answer(request);
  else if (request.timeLeftMs() > 0) setTimeout(awaitGate, GATE_POLL_MS, request, gate);
}

function answer(request: ServiceRequest): void {
  const { guest, id, text } = request;
  request.reply({ text: echoOf(guest, id, text) });
  write({ event: 'answered', guest, id });
}
