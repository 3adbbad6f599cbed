/**
 * The life of a daemon, the same for all of ours:
 *
 *   starting --ready--> running --SIGTERM, SIGINT or own end--> stopping --> gone
 *      |                  ^ |
 *      |                  +-+ SIGHUP: reload (a failure leaves the old configuration in force)
 *      +--start failed--> gone, exit status of the error
 *
 * Ready means: sockets listen, pid file written, systemd told, and with -D the process that was started from the
 * shell has gone with status 0. A stop that takes longer than STOP_LIMIT_MS ends in exit status 1.
 */
import { messageOf, PmError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { reportReadyToParent } from './background.ts';
import { type PidFile, writePidFile } from './pid-file.ts';
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
  readonly log: Logger;
  /** Resolves when the daemon serves; `fail` is for what later makes it impossible to go on. */
  readonly start: (fail: (cause: unknown) => void) => Promise<RunningDaemon>;
}

/** Resolves to the exit status. */
export async function runDaemon({ program, pidFile: pidPath, log, start }: DaemonOptions): Promise<number> {
  const end = endSignal();
  let pidFile: PidFile | undefined;
  let daemon: RunningDaemon | undefined;
  let exitCode = 0;
  try {
    daemon = await start(end.fail);
    if (pidPath !== undefined) pidFile = writePidFile(pidPath, program);
    const running = daemon;
    const onHangup = () => void reload(running, log);
    process.on('SIGHUP', onHangup);
    await sdNotify('READY=1', log);
    reportReadyToParent();
    log.info(`${program}: starting => running`, { pid: process.pid });
    const cause = await end.reached;
    process.off('SIGHUP', onHangup);
    log.info(`${program}: running => stopping`, { cause: cause.words });
    if (cause.error !== undefined) throw cause.error;
  } catch (thrown) {
    log.error(messageOf(thrown));
    exitCode = thrown instanceof PmError ? thrown.exitCode : 1;
  }
  setTimeout(() => {
    log.error(`${program}: did not stop within ${STOP_LIMIT_MS} ms; leaving`);
    process.exit(1);
  }, STOP_LIMIT_MS).unref();
  try {
    await daemon?.stop();
  } catch (thrown) {
    log.error(`${program}: stopping went wrong`, { reason: messageOf(thrown) });
    exitCode ||= 1;
  }
  pidFile?.remove();
  log.info(`${program}: stopping => gone`, { exit: exitCode });
  return exitCode;
}

async function reload(daemon: RunningDaemon, log: Logger): Promise<void> {
  try {
    await daemon.reload();
    log.info('configuration read again');
  } catch (thrown) {
    log.error('the former configuration stays in force', { reason: messageOf(thrown) });
  }
}

interface EndCause {
  readonly words: string;
  readonly error?: unknown;
}

function endSignal(): { reached: Promise<EndCause>; fail: (cause: unknown) => void } {
  let settle: (cause: EndCause) => void = () => {};
  const reached = new Promise<EndCause>((resolve) => {
    settle = resolve;
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => settle({ words: signal }));
  return { reached, fail: (error) => settle({ words: messageOf(error), error }) };
}
