/**
 * The life of a daemon, the same for all of ours:
 *
 *   starting --ready--> running --SIGTERM, SIGINT or own end--> stopping --> gone
 *      |                  ^ |                                                 ^
 *      |                  +-+ SIGHUP: reload (a failure leaves the old        |
 *      |                      configuration in force)                         |
 *      +--start failed: exit status of the error------------------------------+
 *
 * Ready means: sockets listen, pid file written, systemd told, and with -D the process that was started from the
 * shell has gone with status 0. From the moment it is asked to stop a daemon has `stopLimitMs` to be gone; then it is
 * ended with exit status 1.
 */
import { linesOf, messageOf, PmError } from '../errors.ts';
import type { LogFields, Logger } from '../log.ts';
import { reportFailureToParent, reportReadyToParent } from './background.ts';
import { claimPidFile, type PidFile } from './pid-file.ts';
import { reloadOnHangup } from './reloader.ts';
import { sdNotify } from './sd-notify.ts';

const STOP_LIMIT_MS = 10_000;

export interface RunningDaemon {
  reload(): Promise<void>;
  /** Ends everything it began. Called once. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly program: string;
  readonly pidFile?: string | undefined;
  readonly stopLimitMs?: number | undefined;
  readonly log: Logger;
  /** Resolves when the daemon serves; `fail` is for what later makes it impossible to go on. */
  readonly start: (fail: (cause: unknown) => void) => Promise<RunningDaemon>;
}

/** Resolves to the exit status. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const { program, pidFile: pidPath, log } = options;
  let pidFile: PidFile | undefined;
  let daemon: RunningDaemon | undefined;
  let exitCode = 0;
  let state = 'starting';
  const become = (next: string, fields: LogFields) => {
    log.info(`${program}: ${state} => ${next}`, fields);
    state = next;
  };
  const limit = stopLimit(options.stopLimitMs ?? STOP_LIMIT_MS, (limitMs) => {
    log.error(`${program}: did not stop within ${limitMs} ms; leaving`);
    pidFile?.remove();
    process.exit(1);
  });
  const hangups = reloadOnHangup(log);
  const end = endSignal(limit.arm);
  try {
    if (pidPath !== undefined) pidFile = claimPidFile(pidPath, program);
    const running = await options.start(end.fail);
    daemon = running;
    pidFile?.publish();
    hangups.begin(() => running.reload());
    await sdNotify('READY=1', log);
    reportReadyToParent();
    become('running', { pid: process.pid });
    const cause = await end.reached;
    become('stopping', { cause: cause.words });
    if (cause.error !== undefined) throw cause.error;
  } catch (thrown) {
    for (const line of linesOf(thrown)) log.error(line);
    reportFailureToParent(linesOf(thrown));
    exitCode = thrown instanceof PmError ? thrown.exitCode : 1;
  }
  limit.arm();
  try {
    await hangups.end();
    await daemon?.stop();
  } catch (thrown) {
    log.error(`${program}: stopping went wrong`, { reason: messageOf(thrown) });
    exitCode ||= 1;
  }
  pidFile?.remove();
  become('gone', { exit: exitCode });
  limit.release();
  return exitCode;
}

/** Once armed it holds the process until `release`, and from then on ends what else would. */
function stopLimit(limitMs: number, leave: (limitMs: number) => void) {
  let timer: NodeJS.Timeout | undefined;
  return {
    arm() {
      timer ??= setTimeout(leave, limitMs, limitMs);
    },
    release() {
      timer?.unref();
    },
  };
}

interface EndCause {
  readonly words: string;
  readonly error?: unknown;
}

function endSignal(onSignal: () => void) {
  let settle: (cause: EndCause) => void = () => {};
  const reached = new Promise<EndCause>((resolve) => {
    settle = resolve;
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      onSignal();
      settle({ words: signal });
    });
  }
  return { reached, fail: (error: unknown) => settle({ words: messageOf(error), error }) };
}
