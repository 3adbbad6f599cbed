/** Makes the session of a command: settings read, the cluster or a file chosen, signals turned into a wish to end. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../shared/clock.ts';
import type { GivenOptions } from '../../../shared/command-line.ts';
import { formatProblem } from '../../../shared/config/problem.ts';
import { paths } from '../../../shared/paths.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import type { Session } from '../cluster/session.ts';
import { loadSettings } from '../config/load-settings.ts';
import { message } from '../messages/message.ts';
import type { Output } from '../report/print-report.ts';
import { terminal } from './terminal.ts';

const TOOL_DEADLINE_MS = 60_000;
const VIRSH_DEADLINE_MS = 20_000;

/** `isConfigMade`: the command makes the configuration file where there is none. */
export function openSession(options: GivenOptions, output: Output, isConfigMade = false): Session {
  const named = options.text('config');
  const path = named ?? paths.vmCtlConfig;
  const loaded = loadSettings(path, named !== undefined && !isConfigMade);
  const interrupted = endWish();
  const { tell, showProgress, confirm } = terminal(output, interrupted);
  for (const warning of loaded.warnings) tell(message('plain', { text: formatProblem(warning) }));
  if (loaded.isMissing && !isConfigMade) tell(message('config-missing', { path }));
  const cibFile = options.text('cib-file');
  const realFile = cibFile === undefined ? undefined : realPath(cibFile);
  return {
    settings: loaded.settings,
    pacemaker: { run: runCommand, deadlineMs: TOOL_DEADLINE_MS, cibFile: realFile },
    virsh: { run: runCommand, uri: loaded.settings.hypervisor, deadlineMs: VIRSH_DEADLINE_MS },
    isOffline: realFile !== undefined,
    stateDirectory: realFile === undefined ? join(paths.stateDirectory, 'vm-ctl') : `${realFile}.vm-ctl`,
    lockName: realFile ?? 'cluster',
    tell,
    showProgress,
    confirm,
    interrupted,
    clock: systemClock,
  };
}

/** A file that is not there is told of by who reads it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Aborted by the first signal; further ones change nothing, for what is left to do must be done. */
function endWish(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Error(signal)));
  }
  return controller.signal;
}
