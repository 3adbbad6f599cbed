/**
 * A service for tests of the bridge, on a host: answers every request with who asked what, and writes down each job
 * that it is handed.
 *
 *   node bridge-service.mjs SERVICE LOG GATES
 *
 * The text `hold` is answered when the folder GATES has a file with the request's id as its name, so that a test
 * decides how long a request stays open.
 */
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../shared/paths.ts';
import { ServiceClient, type ServiceRequest } from '../../shared/protocol/service-client.ts';
import { echoOf, HOLD } from './bridge-echo.ts';

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
process.once('SIGTERM', () => void client.stop().then(() => process.exit()));

function serve(request: ServiceRequest): void {
  const { guest, id, text, protocol } = request;
  write({ event: 'asked', guest, id, text, protocol });
  if (text === HOLD) awaitGate(request);
  else answer(request);
}

function awaitGate(request: ServiceRequest): void {
  if (existsSync(join(gates, request.id))) answer(request);
  else if (request.timeLeftMs() > 0) setTimeout(awaitGate, GATE_POLL_MS, request);
}

function answer(request: ServiceRequest): void {
  const { guest, id, text } = request;
  request.reply({ text: echoOf(guest, id, text) });
  write({ event: 'answered', guest, id });
}
