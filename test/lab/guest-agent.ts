/**
 * Commands inside a guest, by the QEMU guest agent: they work with the guest's network cut, and on whichever host the
 * guest is at the time of each call.
 *
 * Files go in over a disk of the guest's own (vdc) that every host sees: the agent's channel is slow for more than a
 * few kilobytes.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, describeResult } from '../../shared/process/run-command.ts';
import { writeArchive } from './guest-files.ts';
import { hostOf } from './guests.ts';
import { onHost } from './hosts.ts';
import type { Lab } from './lab-handle.ts';
import { withLock } from './lock.ts';
import { outputOf, type RunOptions } from './run-in-lab.ts';
import { waitFor } from './wait-for.ts';

const AGENT_TIMEOUT_S = 10;
/** An agent that is well takes half a second. */
const SHORTEST_S = 2;
const POLL_MS = 15;
const DEFAULT_DEADLINE_MS = 60_000;
/** An argument of a program has at most 128 KiB, and this gets longer by a third in base64. */
const LONGEST_INPUT_BYTES = 64 * 1024;
const GUEST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

type Answer = { readonly value: unknown } | { readonly fault: string };

export async function inGuest(
  lab: Lab,
  guest: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const startedMs = performance.now();
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const elapsed = () => ({ stdout: '', stderr: '', elapsedMs: performance.now() - startedMs });
  const input = Buffer.from(options.input ?? '');
  if (input.length > LONGEST_INPUT_BYTES) return withLongInput(lab, guest, argv, input, options);

  const [path, ...parameters] = argv;
  const environment = { PATH: GUEST_PATH, HOME: '/root', LC_ALL: 'C', ...options.env };
  const leftS = () => Math.ceil(Math.max(0, deadlineMs - (performance.now() - startedMs)) / 1000);
  const request = {
    path,
    arg: parameters,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    'capture-output': true,
    ...(input.length === 0 ? {} : { 'input-data': input.toString('base64') }),
  };
  const started = await askAgent(lab, guest, 'guest-exec', request, leftS());
  if ('fault' in started) return { kind: 'not-started', fault: started.fault, ...elapsed() };
  const pid = numberIn(started.value, 'pid');
  if (pid === undefined) return { kind: 'not-started', fault: 'the agent named no pid', ...elapsed() };

  let fault = '';
  while (performance.now() - startedMs < deadlineMs) {
    const status = await askAgent(lab, guest, 'guest-exec-status', { pid }, leftS());
    if ('value' in status) {
      if (field(status.value, 'exited') === true) return ended(status.value, startedMs);
    } else if (/PID \S+ does not exist/.test(status.fault) || hostOf(lab, guest) === undefined) {
      return { kind: 'signalled', signal: 'the end of the guest', ...elapsed() };
    } else {
      fault = status.fault; // it may come back: the guest is frozen, say
    }
    await sleep(POLL_MS);
  }
  const kill = `pkill -KILL -P ${pid}; kill -KILL ${pid}`;
  await askAgent(lab, guest, 'guest-exec', { path: '/bin/sh', arg: ['-c', kill] }, SHORTEST_S);
  return { kind: 'deadline', deadlineMs, ...elapsed(), stderr: fault };
}

/** The standard output of a command that must succeed. */
export async function guestOutput(
  lab: Lab,
  guest: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return outputOf([guest, ...argv], await inGuest(lab, guest, argv, options));
}

export async function waitForAgent(lab: Lab, guest: string, deadlineMs = 30_000): Promise<void> {
  let fault = '';
  await waitFor(
    `the agent of ${guest} answers`,
    deadlineMs,
    async () => {
      const answer = await askAgent(lab, guest, 'guest-ping', {}, 2);
      if ('value' in answer) return true;
      fault = answer.fault;
      return false;
    },
    { seen: () => fault, logs: [lab.layout.console(guest)], pollMs: 50 },
  );
}

/** Puts a file or a folder of the machine into a guest, with modes and owners, at exactly `remotePath`. */
export async function push(
  lab: Lab,
  guest: string,
  localPath: string,
  remotePath: string,
  deadlineMs?: number,
): Promise<void> {
  const rename = `s,^${regular(basename(localPath))}\\(/\\|$\\),${basename(remotePath)}\\1,S`;
  const what = ['-C', dirname(localPath), `--transform=${rename}`, basename(localPath)];
  await pushArchive(lab, guest, what, dirname(remotePath), deadlineMs);
}

/** Packs what tar is told to pack, and unpacks it in the guest below `remoteFolder`. */
export async function pushArchive(
  lab: Lab,
  guest: string,
  what: readonly string[],
  remoteFolder: string,
  deadlineMs = DEFAULT_DEADLINE_MS,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  await withLock(lab, `parcel-${guest}`, async () => {
    await writeArchive(lab, lab.layout.parcel(guest), what);
    const unpack = 'blockdev --flushbufs /dev/vdc && mkdir -p "$1" && exec tar -x -C "$1" -f /dev/vdc';
    await guestOutput(lab, guest, ['/bin/sh', '-c', unpack, 'unpack', remoteFolder], {
      deadlineMs: Math.max(1_000, endMs - performance.now()),
    });
  });
}

const regular = (text: string) => text.replaceAll(/[.[\]*^$\\,]/g, '\\$&');

async function withLongInput(
  lab: Lab,
  guest: string,
  argv: readonly string[],
  input: Buffer,
  options: RunOptions,
): Promise<CommandResult> {
  const endMs = performance.now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS);
  const name = `input-${randomBytes(6).toString('hex')}`;
  const local = join(lab.layout.state, name);
  const remote = `/tmp/${name}`;
  writeFileSync(local, input);
  try {
    await push(lab, guest, local, remote, options.deadlineMs);
  } finally {
    rmSync(local);
  }
  const script = 'exec 0<"$0" && rm "$0" && exec "$@"';
  return inGuest(lab, guest, ['/bin/sh', '-c', script, remote, ...argv], {
    ...options,
    input: undefined,
    deadlineMs: Math.max(1_000, endMs - performance.now()),
  });
}

/** One command to the agent, over libvirt on the host where the guest is now. */
async function askAgent(
  lab: Lab,
  guest: string,
  command: string,
  parameters: Readonly<Record<string, unknown>>,
  leftS = AGENT_TIMEOUT_S,
): Promise<Answer> {
  const timeoutS = Math.min(Math.max(leftS, SHORTEST_S), AGENT_TIMEOUT_S);
  const host = hostOf(lab, guest);
  if (host === undefined) return { fault: `${guest} is off on every host` };
  const request = JSON.stringify({ execute: command, arguments: parameters });
  const argv = ['virsh', '-q', 'qemu-agent-command', guest, '--timeout', String(timeoutS), request];
  const result = await onHost(lab, host, argv, { deadlineMs: (timeoutS + 2) * 1000 });
  if (result.kind !== 'exited' || result.exitCode !== 0) {
    return { fault: `on ${host}: ${describeResult(['virsh', 'qemu-agent-command'], result)}` };
  }
  return { value: field(JSON.parse(result.stdout), 'return') };
}

function ended(status: unknown, startedMs: number): CommandResult {
  const output = {
    stdout: decoded(field(status, 'out-data')),
    stderr: decoded(field(status, 'err-data')),
    elapsedMs: performance.now() - startedMs,
  };
  const signal = numberIn(status, 'signal');
  if (signal !== undefined) return { kind: 'signalled', signal: `signal ${signal}`, ...output };
  if (field(status, 'out-truncated') === true)
    return { kind: 'overflow', maxOutputBytes: 2 ** 24, ...output };
  return { kind: 'exited', exitCode: numberIn(status, 'exitcode') ?? -1, ...output };
}

const decoded = (data: unknown) =>
  typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : '';

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function numberIn(value: unknown, name: string): number | undefined {
  const found = field(value, name);
  return typeof found === 'number' ? found : undefined;
}
