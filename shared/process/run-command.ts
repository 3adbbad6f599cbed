/**
 * Runs a command to its end and says how it ended; it never throws for what a command can do.
 *
 * A command has ended when it and everything that holds its output has. At the deadline the whole process group is
 * killed: a grandchild that keeps standard output open can't make us wait. An answer larger than the limit is no
 * answer (`overflow`), so half a document is never taken for the whole.
 */
import { setMaxListeners } from 'node:events';
import { boundedBuffer } from './bounded-buffer.ts';
import { describeEnding, type SpawnOptions, spawnGroup } from './spawn.ts';

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
/** setTimeout's own limit; a longer one would fire at once. */
const LONGEST_DEADLINE_MS = 2 ** 31 - 1;

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

  let interruption: Interruption | undefined;
  const interrupt = (why: Interruption) => {
    interruption ??= why;
    group.kill();
  };
  const group = spawnGroup(argv, {
    ...options,
    onStdout: (chunk) => stdout.add(chunk) || interrupt('overflow'),
    onStderr: (chunk) => stderr.add(chunk) || interrupt('overflow'),
  });
  const deadline = setTimeout(() => interrupt('deadline'), Math.min(options.deadlineMs, LONGEST_DEADLINE_MS));
  const onAbort = () => interrupt('aborted');
  if (options.signal !== undefined) {
    setMaxListeners(0, options.signal); // one signal may stop any number of commands
    options.signal.addEventListener('abort', onAbort, { once: true });
  }
  const ending = await group.ended;
  clearTimeout(deadline);
  options.signal?.removeEventListener('abort', onAbort);

  switch (interruption) {
    case 'deadline':
      return { kind: 'deadline', deadlineMs: options.deadlineMs, ...output() };
    case 'overflow':
      return { kind: 'overflow', maxOutputBytes, ...output() };
    case 'aborted':
      return { kind: 'aborted', ...output() };
    case undefined:
      return { ...ending, ...output() };
  }
};

/** How a command ended, for an error message; the command's own last words included. */
export function describeResult(argv: readonly string[], result: CommandResult): string {
  const words = result.stderr.trim().split('\n').slice(-3).join(' | ').slice(-400);
  const said = words === '' ? '' : ` (${words})`;
  const name = argv.slice(0, 2).join(' ');
  switch (result.kind) {
    case 'exited':
    case 'signalled':
      return `${describeEnding(argv, result)}${said}`;
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
