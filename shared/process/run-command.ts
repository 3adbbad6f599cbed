/**
 * Runs a command to its end and says how it ended; it never throws for what a command can do.
 *
 * A command has ended when it and everything that holds its output has. At the deadline the whole process group is
 * killed: a grandchild that keeps standard output open can't make us wait. An answer larger than the limit is no
 * answer (`overflow`), so half a document is never taken for the whole.
 */
import { systemCodeOf } from '../errors.ts';
import { killGroup, type SpawnOptions, spawnGroup } from './spawn.ts';

export interface CommandOptions extends SpawnOptions {
  readonly deadlineMs: number;
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array | undefined;
  /** For each of the two outputs. */
  readonly maxOutputBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

export type CommandResult = Output &
  (
    | { readonly kind: 'exited'; readonly exitCode: number }
    | { readonly kind: 'signalled'; readonly signal: string }
    | { readonly kind: 'deadline'; readonly deadlineMs: number }
    | { readonly kind: 'overflow'; readonly maxOutputBytes: number }
    | { readonly kind: 'aborted' }
    | { readonly kind: 'not-started'; readonly fault: string }
  );

export type CommandRunner = (argv: readonly string[], options: CommandOptions) => Promise<CommandResult>;

const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** How long a killed group may take to be gone; a process stuck in the kernel is left to it. */
const KILL_GRACE_MS = 500;

type Interruption = 'deadline' | 'overflow' | 'aborted';

export const runCommand: CommandRunner = async (argv, options) => {
  const startedMs = performance.now();
  const maxOutputBytes = options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const output = () => ({
    stdout: stdout.text(),
    stderr: stderr.text(),
    elapsedMs: performance.now() - startedMs,
  });
  const stdout = boundedBuffer(maxOutputBytes);
  const stderr = boundedBuffer(maxOutputBytes);
  if (options.signal?.aborted === true) return { kind: 'aborted', ...output() };

  const child = spawnGroup(argv, options);
  let interruption: Interruption | undefined;
  let giveUp = () => {};
  const killedLongAgo = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });
  const interrupt = (why: Interruption) => {
    interruption ??= why;
    killGroup(child.pid);
    setTimeout(giveUp, KILL_GRACE_MS).unref();
  };
  const onAbort = () => interrupt('aborted');
  const deadline = setTimeout(() => interrupt('deadline'), options.deadlineMs);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk) || interrupt('overflow'));
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk) || interrupt('overflow'));
  child.stdin.on('error', () => undefined); // a command need not read its input
  child.stdin.end(options.input ?? '');

  const ended = await Promise.race([child, killedLongAgo]);
  clearTimeout(deadline);
  options.signal?.removeEventListener('abort', onAbort);
  child.stdout.destroy();
  child.stderr.destroy();

  switch (interruption) {
    case 'deadline':
      return { kind: 'deadline', deadlineMs: options.deadlineMs, ...output() };
    case 'overflow':
      return { kind: 'overflow', maxOutputBytes, ...output() };
    case 'aborted':
      return { kind: 'aborted', ...output() };
    case undefined:
      break;
  }
  if (ended?.exitCode !== undefined) return { kind: 'exited', exitCode: ended.exitCode, ...output() };
  if (ended?.signal !== undefined) return { kind: 'signalled', signal: ended.signal, ...output() };
  return { kind: 'not-started', fault: startFault(argv, ended), ...output() };
};

function startFault(argv: readonly string[], ended: unknown): string {
  switch (systemCodeOf(ended)) {
    case 'ENOENT':
      return `${argv[0]} is not installed or not in PATH`;
    case 'EACCES':
      return `${argv[0]} may not be executed`;
    default:
      return ended instanceof Error ? ended.message : 'it could not be started';
  }
}

function boundedBuffer(maxBytes: number) {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    /** False when there is no room for it. */
    add(chunk: Buffer): boolean {
      if (size + chunk.length > maxBytes) return false;
      chunks.push(chunk);
      size += chunk.length;
      return true;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** How a command ended, for an error message; the command's own last words included. */
export function describeResult(argv: readonly string[], result: CommandResult): string {
  const words = result.stderr.trim().split('\n').slice(-3).join(' | ').slice(-400);
  const said = words === '' ? '' : ` (${words})`;
  const name = argv.slice(0, 2).join(' ');
  switch (result.kind) {
    case 'exited':
      return `${name} exited with ${result.exitCode}${said}`;
    case 'signalled':
      return `${name} was ended by ${result.signal}${said}`;
    case 'deadline':
      return `${name} did not end within ${result.deadlineMs} ms and was killed${said}`;
    case 'overflow':
      return `${name} printed more than ${result.maxOutputBytes} bytes and was killed`;
    case 'aborted':
      return `${name} was stopped because we stop`;
    case 'not-started':
      return result.fault;
  }
}
