/**
 * The power switch of a laboratory: it stands outside the hosts and cuts or restores the power of any of them.
 *
 *   node --import tsx power-switch.ts LAB
 *
 * A request is a line on the socket (`off hosta`, `on hosta`, `status hosta`, `list`), the answer is a line: `ok …` or
 * `error …`. "ok" to `off` means that the kernel has no process of that host left. The file `mode` beside the socket
 * makes it refuse (`fails`) or say nothing (`hangs`), for tests of what a cluster does then.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf } from '../../shared/errors.ts';
import { listenUnix } from '../../shared/unix-socket.ts';
import { isHostRunning, killHost, startHost } from './hosts.ts';
import { labHandle, specOf } from './lab-handle.ts';

const lab = labHandle(process.argv[2]);
/** Requests for one host, one after the other. */
const queues = new Map<string, Promise<string>>();

await listenUnix({
  path: join(lab.layout.power, 'socket'),
  mode: 0o600,
  onConnection: (socket) => {
    socket.on('error', () => undefined);
    createInterface({ input: socket }).once('line', (line) => {
      const mode = readMode();
      if (mode === 'hangs') return;
      void (async () => {
        const answer = mode === 'fails' ? 'error the switch is out of order' : await answerTo(line);
        console.log(`${new Date().toISOString()} ${line}: ${answer}`);
        socket.end(`${answer}\n`);
      })();
    });
  },
});

function readMode(): string {
  const file = join(lab.layout.power, 'mode');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : 'works';
}

function answerTo(line: string): Promise<string> {
  const [operation = '', host = ''] = line.trim().split(' ');
  const next = (async () => {
    await queues.get(host);
    try {
      return await perform(operation, host);
    } catch (thrown) {
      return `error ${messageOf(thrown).split('\n')[0]}`;
    }
  })();
  queues.set(host, next);
  return next;
}

async function perform(operation: string, host: string): Promise<string> {
  const { hosts } = specOf(lab);
  if (operation === 'list') return `ok ${hosts.join(' ')}`;
  if (!hosts.includes(host)) return `error there is no host ${JSON.stringify(host)}`;
  switch (operation) {
    case 'off':
      await killHost(lab, host);
      return 'ok';
    case 'on':
      await startHost(lab, host);
      return 'ok';
    case 'status':
      return `ok ${isHostRunning(lab, host) ? 'on' : 'off'}`;
    default:
      return `error there is no operation ${JSON.stringify(operation)}`;
  }
}
