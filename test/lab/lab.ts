/**
 * The laboratory, as tests use it: two levels of real clusters on one machine.
 *
 *   const lab = laboratory();
 *   await lab.up();
 *   await lab.output('guest1', ['crm_mon', '-1']);
 *   await lab.freeze('guest1');
 *
 * `on` and `in` never throw for what a command can do; `output` throws unless it succeeds. Everything that waits has
 * a deadline, and says what did not come.
 */
import type { CommandResult } from '../../shared/process/run-command.ts';
import {
  askCluster,
  type Level,
  membersOf,
  onlineNodes,
  runIn,
  waitForIdle,
  waitForMembership,
  waitForOnline,
} from './clusters.ts';
import { define, undefine } from './definitions.ts';
import * as faults from './faults.ts';
import { inGuest, push, pushArchive, waitForAgent } from './guest-agent.ts';
import { destroyGuest, type FreezeKind, hostOf, migrateGuest, whereabouts } from './guests.ts';
import { hostRoot, isHostFrozen, isHostRunning, onHost } from './hosts.ts';
import { labHandle, specOf } from './lab-handle.ts';
import { type GuestSpec, guestSpec, type LabSpec } from './layout.ts';
import { copyLogs, printableLogs } from './logs.ts';
import { pushPrograms } from './push-programs.ts';
import { type Report, reportToStderr } from './report.ts';
import { type ResetOptions, reset } from './reset.ts';
import { outputOf, type RunOptions } from './run-in-lab.ts';
import { status } from './status.ts';
import { down, isUp, up } from './up-and-down.ts';

export type Laboratory = ReturnType<typeof laboratory>;
type Argv = readonly string[];

export function laboratory(name?: string, report: Report = reportToStderr) {
  const lab = labHandle(name);
  return {
    name: lab.layout.name,
    /** Files of a laboratory; all hosts see `images` as /var/lib/libvirt/images. */
    layout: lab.layout,

    /** Two hosts and two guests unless one of another making is wanted. */
    up: (spec?: LabSpec) => up(lab, spec, report),
    down: () => down(lab, report),
    isUp: () => isUp(lab),
    spec: () => specOf(lab),
    status: () => status(lab),
    printableLogs: (lines = 20) => printableLogs(lab, lines),
    copyLogs: (folder: string) => copyLogs(lab, folder),
    /** Puts everything back as it was when the laboratory came up. */
    reset: (options?: ResetOptions) => reset(lab, options),

    on: (host: string, argv: Argv, options?: RunOptions): Promise<CommandResult> =>
      onHost(lab, host, argv, options),
    in: (guest: string, argv: Argv, options?: RunOptions): Promise<CommandResult> =>
      inGuest(lab, guest, argv, options),
    /** What a command prints that must succeed in the host or guest of that name. */
    output: async (target: string, argv: Argv, options?: RunOptions): Promise<string> =>
      outputOf([target, ...argv], await runIn(lab, target, argv, options)),
    /** The same, in one member of a cluster that is up. */
    ask: (level: Level, argv: Argv, options?: RunOptions) => askCluster(lab, level, argv, options),

    /** A file or folder of the machine into a guest. */
    push: (guest: string, localPath: string, remotePath: string) => push(lab, guest, localPath, remotePath),
    pushArchive: (guest: string, tarParameters: Argv, remoteFolder: string) =>
      pushArchive(lab, guest, tarParameters, remoteFolder),
    /** What `npm run build` has made, into hosts and guests that run. */
    pushPrograms: () => pushPrograms(lab),
    /** Where the machine sees a host's root directory. */
    rootOf: (host: string) => hostRoot(lab, host),

    freeze: (target: string, kind?: FreezeKind) => faults.freeze(lab, target, kind),
    thaw: (target: string) => faults.thaw(lab, target),
    kill: (target: string) => faults.kill(lab, target),
    start: (target: string, host?: string) => faults.start(lab, target, host),
    cut: (target: string, options?: faults.CutOptions) => faults.cut(lab, target, options),
    mend: (target?: string) => faults.mend(lab, target),
    signalDaemon: (target: string, program: string, signal: string) =>
      faults.signalDaemon(lab, target, program, signal),
    startDaemon: (target: string, daemon: faults.HostDaemon | faults.GuestDaemon) =>
      faults.startDaemon(lab, target, daemon),
    setPowerSwitch: (mode: faults.PowerSwitchMode) => faults.setPowerSwitch(lab, mode),

    isRunning: (host: string) => isHostRunning(lab, host),
    isFrozen: (host: string) => isHostFrozen(lab, host),
    /** The host where a guest runs; undefined when it is off. */
    hostOf: (guest: string) => hostOf(lab, guest),
    whereabouts: (guest: string) => whereabouts(lab, guest),
    migrate: (guest: string, target: string) => migrateGuest(lab, guest, target),
    destroy: (guest: string) => destroyGuest(lab, guest),
    /** Defines a guest in addition, or one differently; it holds from its next start on. */
    define: (guest: string, home: string, differing?: Partial<GuestSpec>) =>
      define(lab, guestSpec(guest, home, differing)),
    undefine: (guest: string) => undefine(lab, guest),

    members: (level: Level) => membersOf(lab, level),
    /** The nodes that a host or guest sees online in its own cluster. */
    onlineNodes: (asked: string) => onlineNodes(lab, asked),
    waitForOnline: (level: Level, nodes?: Argv, deadlineMs?: number) =>
      waitForOnline(lab, level, nodes, deadlineMs),
    /** Until a guest that has just been started says that it is a member; asking would only slow it down. */
    waitForMembership: (guest: string, deadlineMs?: number) => waitForMembership(lab, guest, deadlineMs),
    waitForIdle: (level: Level, deadlineMs?: number) => waitForIdle(lab, level, deadlineMs),
    waitForAgent: (guest: string, deadlineMs?: number) => waitForAgent(lab, guest, deadlineMs),
  };
}
