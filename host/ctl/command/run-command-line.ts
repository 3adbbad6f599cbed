/**
 * From a command line to its report, and to the exit status. Each command is loaded when it is wanted, and all of this
 * when there is one: it is a file of its own beside the program.
 */
import type { GivenOptions } from '../../../shared/command-line.ts';
import { messageOf, PmError, systemCodeOf } from '../../../shared/errors.ts';
import { paths } from '../../../shared/paths.ts';
import type { Session } from '../cluster/session.ts';
import { type Catalogue, type Message, message } from '../messages/message.ts';
import { type Output, printReport } from '../report/print-report.ts';
import { EXIT, type Report } from '../report/report.ts';
import type { Invocation } from './invocation.ts';
import type { CommandLine, CommandName } from './options.ts';

type Command = Extract<CommandLine, { kind: 'command' }>;

export async function runCommandLine(line: Command, typed: string, catalogue: Catalogue): Promise<number> {
  const { options } = line;
  const output = { isJson: options.flag('json'), isQuiet: options.flag('quiet'), catalogue };
  try {
    return printReport(await reportOf(line, typed, catalogue, output), output);
  } catch (thrown) {
    const exitCode = thrown instanceof PmError ? thrown.exitCode : EXIT.failed;
    return printReport({ exitCode, problems: [problemOf(thrown)] }, output);
  }
}

/** What the system refuses, such as a disk that is full, is no defect. */
function problemOf(thrown: unknown): Message {
  if (thrown instanceof PmError) return message('plain', { text: thrown.message });
  if (systemCodeOf(thrown) !== undefined) return message('system-fault', { fault: messageOf(thrown) });
  return message('defect', { fault: (thrown instanceof Error && thrown.stack) || messageOf(thrown) });
}

async function reportOf(line: Command, typed: string, catalogue: Catalogue, output: Output): Promise<Report> {
  const { command, names, options } = line;
  const words = names.map(({ text }) => text);
  const keys = options.text('keys') ?? paths.keys;
  switch (command) {
    case 'key make':
    case 'key list':
    case 'key rotate':
    case 'key withdraw': {
      const { runKey } = await import('./run-key.ts');
      const word = (
        {
          'key make': 'make',
          'key list': 'list',
          'key rotate': 'rotate',
          'key withdraw': 'withdraw',
        } as const
      )[command];
      return runKey(word, words, keys, catalogue, Date.now());
    }
    case 'token make': {
      const { runTokenMake } = await import('./run-token.ts');
      return runTokenMake(words, options, keys, Date.now());
    }
    case 'token explain': {
      const { runTokenExplain } = await import('./run-token.ts');
      return runTokenExplain(words, keys, Date.now(), () => readInput(catalogue['token-awaited']));
    }
    case 'completion': {
      const { runCompletion } = await import('./run-completion.ts');
      return runCompletion(words);
    }
    default:
      return onCluster(command, { typed, names, options }, options, catalogue, output);
  }
}

type ClusterCommand = Exclude<CommandName, `key ${string}` | `token ${string}` | 'completion'>;
type ChangingCommand = Exclude<ClusterCommand, 'resource list' | 'check' | 'status'>;

async function onCluster(
  command: ClusterCommand,
  invocation: Invocation,
  options: GivenOptions,
  catalogue: Catalogue,
  output: Output,
): Promise<Report> {
  const { openSession } = await import('./open-session.ts');
  const session = openSession(options, output, command === 'host init');
  if (command === 'resource list') {
    const { runList } = await import('./run-list.ts');
    return runList(session, invocation, catalogue);
  }
  if (command === 'status') {
    const { runStatus } = await import('./run-status.ts');
    return runStatus(session, invocation, output);
  }
  if (command === 'check') {
    const { runCheck } = await import('./run-check.ts');
    return runCheck(session, invocation, catalogue);
  }
  // What only looks needs no lock.
  const isLooking =
    options.flag('dry-run') || (options.text('format') !== undefined && command !== 'guest init');
  return isLooking ? runOne(command, session, invocation) : underLock(command, session, invocation);
}

async function underLock(
  command: ChangingCommand,
  session: Session,
  invocation: Invocation,
): Promise<Report> {
  const { acquireLock } = await import('../change/lock.ts');
  const self = {
    pid: process.pid,
    command: invocation.typed,
    since: new Date(session.clock.wallMs()).toISOString(),
  };
  const lock = await acquireLock(session.lockName, self);
  if (!lock.ok) {
    const { holder } = lock;
    const problem: Message =
      holder === undefined ? message('lock-held-by-unknown') : message('lock-held', { ...holder });
    return { exitCode: EXIT.unavailable, problems: [problem], data: { changed: false } };
  }
  try {
    const { cleanUpMoves } = await import('../move/clean-up-moves.ts');
    const left = await cleanUpMoves(session);
    const report = await runOne(command, session, invocation);
    return left.length === 0 ? report : { ...report, warnings: [...left, ...(report.warnings ?? [])] };
  } finally {
    lock.release();
  }
}

async function runOne(command: ChangingCommand, session: Session, invocation: Invocation): Promise<Report> {
  switch (command) {
    case 'resource move':
      return (await import('./run-move.ts')).runMove(session, invocation);
    case 'evacuate':
      return (await import('./run-move.ts')).runEvacuate(session, invocation);
    case 'host init':
      return (await import('./run-host-init.ts')).runHostInit(session, invocation);
    case 'guest init':
      return (await import('./run-guest-init.ts')).runGuestInit(session, invocation);
    case 'undo':
      return (await import('./run-undo.ts')).runUndo(session, invocation);
    default:
  }
  const changes = await import('./run-change.ts');
  switch (command) {
    case 'resource add':
      return changes.runAdd(session, invocation);
    case 'resource delete':
      return changes.runDelete(session, invocation);
    case 'resource start':
      return changes.runRole(session, invocation, 'Started');
    case 'resource stop':
      return changes.runRole(session, invocation, 'Stopped');
    case 'resource unmove':
      return changes.runUnmove(session, invocation);
    case 'location move':
      return changes.runLocationMove(session, invocation);
  }
}

/** Whoever sits at a terminal is told what it waits for. */
async function readInput(wanted: string): Promise<string> {
  if (process.stdin.isTTY === true) process.stderr.write(`${wanted}\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
