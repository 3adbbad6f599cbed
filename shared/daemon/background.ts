/**
 * The old flag -D: go into the background. The program starts itself once more, detached, and waits until that one
 * is ready or has failed, so that the shell's `&&` means what it should. One that is neither in time is ended.
 *
 * Whoever started us is let go altogether: the one in the background holds none of our descriptors (a resource agent
 * or ssh would wait for it for ever), and its log goes to syslog by way of logger(1).
 */
import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** Set in the child: the descriptor on which it says that it is ready, or why it never will be. */
const REPORT_VARIABLE = 'PM_KVM_TOOLS_REPORT_FD';
const REPORT_FD = 3;
const READY = 'ready\n';
const LONGEST_LOG_LINE = '8192';

export const isBackgroundChild = (): boolean => process.env[REPORT_VARIABLE] !== undefined;

/** As long as systemd waits for a service. */
const READY_LIMIT_MS = 90_000;
/** A daemon that is told to stop takes up to ten seconds. */
const STOP_LIMIT_MS = 15_000;

/** Resolves to the exit status for the process in the foreground. */
export async function startInBackground(readyLimitMs = READY_LIMIT_MS): Promise<number> {
  const program = basename(process.argv[1] ?? 'pm-kvm-tools');
  const log = startSyslogWriter(program);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    env: { ...process.env, [REPORT_VARIABLE]: String(REPORT_FD), PM_KVM_TOOLS_LOG: 'journal' },
    stdio: ['ignore', log ?? 'ignore', log ?? 'ignore', 'pipe'],
  });
  log?.destroy();
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code || 1));
  });
  let isLate = false;
  let kill: NodeJS.Timeout | undefined;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill('SIGTERM');
    if (child.pid !== undefined) kill = setTimeout(killGroupOf, STOP_LIMIT_MS, child.pid);
  }, readyLimitMs);
  const said = await everythingFrom(child.stdio[REPORT_FD]);
  clearTimeout(limit);
  if (isLate) {
    process.stderr.write(
      `${program}: it was not ready within ${readyLimitMs / 1000} s and was ended; see the system log\n`,
    );
    await ended;
    clearTimeout(kill);
    return 1;
  }
  if (said === READY) {
    child.unref();
    return 0;
  }
  process.stderr.write(said === '' ? `${program}: it ended before it was ready; see the system log\n` : said);
  return ended;
}

function killGroupOf(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // it has just ended
  }
}

async function everythingFrom(stream: Readable | Writable | null | undefined): Promise<string> {
  try {
    return stream instanceof Readable ? await text(stream) : '';
  } catch {
    return ''; // it could not even be started
  }
}

function startSyslogWriter(program: string) {
  const parameters = ['--tag', program, '--prio-prefix', '--size', LONGEST_LOG_LINE, '--socket-errors=off'];
  const writer = spawn('logger', parameters, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  writer.once('error', () => undefined); // no logger, no log
  writer.unref();
  return writer.pid === undefined ? undefined : writer.stdin;
}

export const reportReadyToParent = (): void => report(READY);

/** For whoever started us. */
export const reportFailureToParent = (lines: readonly string[]): void =>
  report(lines.map((line) => `${basename(process.argv[1] ?? '')}: ${line}\n`).join(''));

function report(words: string): void {
  if (!isBackgroundChild()) return;
  delete process.env[REPORT_VARIABLE];
  try {
    writeSync(REPORT_FD, words);
    closeSync(REPORT_FD);
  } catch {
    // The one who asked has gone; we serve all the same.
  }
}
