/**
 * npm run lab -- COMMAND, see USAGE. The exit status of `on` and `in` is that of the command.
 * LAB_NAME chooses among laboratories that stand side by side; LAB_ACCEL=tcg does without KVM.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '../../shared/errors.ts';
import { HOST_ENVIRONMENT, hostCommand } from './hosts.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { assertHost, guestOf, labHandle } from './lab-handle.ts';
import { labSpec } from './layout.ts';

const USAGE = `usage: npm run lab -- COMMAND
  up [--hosts 2] [--guests 2]   bring it up: a cluster of hosts, and one of their guests
  down                          take it away, with all that it is made of
  status                        hosts, guests and both clusters
  on HOST COMMAND...            run a command in a host (hosta, hostb)
  in [-i] GUEST COMMAND...      run a command in a guest (guest1, guest2), network or not; with -i it gets
                                all of our standard input
  push                          the programs of dist/ into hosts and guests
  push GUEST FILE PATH          a file or folder into a guest
  logs [FOLDER]                 the end of every log, or all of them into a folder
  freeze|thaw|kill|start NAME   a host or a guest
  cut|mend NAME                 a host or a guest off its network, and back
  migrate GUEST HOST            live, by libvirt alone
  reset                         everything as it was when it came up`;

/** A word too many, such as the host in `down hosta`, may well be the most important one. */
const MOST_WORDS: Readonly<Record<string, number>> = {
  down: 0,
  status: 0,
  push: 3,
  logs: 1,
  freeze: 1,
  thaw: 1,
  kill: 1,
  start: 1,
  cut: 1,
  mend: 1,
  migrate: 2,
  reset: 0,
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  console.error(messageOf(thrown));
  process.exitCode = 1;
}

async function main([command = '', ...rest]: string[]): Promise<number> {
  const lab = laboratory();
  const [name = '', ...argv] = rest;
  if (rest.length > (MOST_WORDS[command] ?? rest.length)) return usage();
  switch (command) {
    case 'up':
      await lab.up(specFrom(rest));
      break;
    case 'down':
      await lab.down();
      break;
    case 'status':
      console.log(await lab.status());
      break;
    case 'on':
      return argv.length === 0 ? usage() : onTerminal(name, argv);
    case 'in':
      if (name === '-i') {
        const [guest = '', ...command] = argv;
        return command.length === 0 ? usage() : inside(lab, guest, command, await readAll());
      }
      return argv.length === 0 ? usage() : inside(lab, name, argv);
    case 'push':
      await pushSome(lab, rest);
      break;
    case 'logs':
      if (name === '') console.log(lab.printableLogs());
      else await lab.copyLogs(name);
      break;
    case 'freeze':
    case 'thaw':
    case 'kill':
    case 'start':
    case 'cut':
    case 'mend':
      await lab[command](name);
      break;
    case 'migrate':
      guestOf(labHandle(), name);
      assertHost(labHandle(), argv[0] ?? '');
      await lab.migrate(name, argv[0] ?? '');
      break;
    case 'reset':
      await lab.reset();
      break;
    default:
      return usage();
  }
  return 0;
}

function usage(): number {
  console.error(USAGE);
  return 2;
}

function specFrom(args: string[]) {
  const { values } = parseArgs({ args, options: { hosts: { type: 'string' }, guests: { type: 'string' } } });
  if (values.hosts === undefined && values.guests === undefined) return undefined;
  return labSpec(Number(values.hosts ?? 2), Number(values.guests ?? 2));
}

async function pushSome(lab: Laboratory, [guest, file, path]: string[]): Promise<void> {
  if (guest === undefined) return lab.pushPrograms();
  if (file === undefined || path === undefined) throw new Error(USAGE);
  guestOf(labHandle(), guest);
  if (!existsSync(file)) throw new Error(`there is no ${file} to push`);
  await lab.push(guest, file, path);
}

/** With our own input and output, so that a shell works. */
function onTerminal(host: string, argv: readonly string[]): Promise<number> {
  const lab = labHandle();
  assertHost(lab, host);
  const [program, ...parameters] = hostCommand(lab, host, argv) ?? [];
  if (program === undefined) throw new Error(`${host} is not running`);
  const child = spawn(program, parameters, {
    stdio: 'inherit',
    env: { ...process.env, ...HOST_ENVIRONMENT },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  });
}

async function inside(
  lab: Laboratory,
  guest: string,
  argv: readonly string[],
  input?: Buffer,
): Promise<number> {
  guestOf(labHandle(), guest);
  const result = await lab.in(guest, argv, { input, deadlineMs: 3_600_000 });
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  if (result.kind === 'exited') return result.exitCode;
  console.error(`lab: ${guest}: ${result.kind === 'not-started' ? result.fault : result.kind}`);
  return 1;
}

async function readAll(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
