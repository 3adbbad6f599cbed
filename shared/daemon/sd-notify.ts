/**
 * Readiness for systemd. Node has no datagram unix sockets, so systemd's own `systemd-notify` speaks for us
 * (the units say `NotifyAccess=all`); without NOTIFY_SOCKET there is nobody to tell.
 */
import type { Logger } from '../log.ts';
import { describeResult, runCommand } from '../process/run-command.ts';

const DEADLINE_MS = 5_000;

export async function sdNotify(state: 'READY=1' | 'STOPPING=1' | 'RELOADING=1', log: Logger): Promise<void> {
  if (!process.env['NOTIFY_SOCKET']) return;
  const argv = ['systemd-notify', `--pid=${process.pid}`, state];
  const result = await runCommand(argv, { deadlineMs: DEADLINE_MS });
  if (result.kind === 'exited' && result.exitCode === 0) return;
  log.warning('systemd could not be told', { state, reason: describeResult(argv, result) });
}
