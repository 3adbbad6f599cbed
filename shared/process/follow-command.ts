/**
 * A command that runs on and whose output is taken line by line, such as `virsh event --loop`.
 *
 * It ends when its leader does: what it may have started ends with it. A line longer than the limit ends it too, for
 * a line that was lost or cut is worse than a stream that begins anew. And it ends with this process, also by SIGKILL:
 * a guard beside it reads what comes to its end then, and ends the group.
 */
import { lineSplitter } from './line-splitter.ts';
import { describeEnding, type SpawnOptions, spawnGroup } from './spawn.ts';

export interface FollowedCommand {
  /** Resolves when it has ended, with what it last said on standard error or else how it ended. */
  readonly ended: Promise<{ readonly lastWords: string }>;
  /** No line comes after this. */
  stop(): void;
}

export interface FollowOptions extends SpawnOptions {
  readonly onLine: (line: string) => void;
  readonly maxLineBytes?: number | undefined;
}

const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;
const LAST_WORDS_BYTES = 400;
const GUARD = 'read -r line; kill -KILL "-$1"';

export function followCommand(argv: readonly string[], options: FollowOptions): FollowedCommand {
  const maxLineBytes = options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES;
  let isOver = false;
  let fault: string | undefined;
  let lastWords = Buffer.alloc(0);
  const lines = lineSplitter(maxLineBytes, (line) => isOver || options.onLine(line));
  const group = spawnGroup(argv, {
    ...options,
    onStdout(chunk) {
      if (isOver || lines.add(chunk)) return;
      fault = `${argv[0]} printed a line of more than ${maxLineBytes} bytes and was killed`;
      stop();
    },
    onStderr(chunk) {
      lastWords = Buffer.concat([lastWords, chunk.subarray(-LAST_WORDS_BYTES)]).subarray(-LAST_WORDS_BYTES);
    },
  });
  const guard = group.pid === undefined ? undefined : guardOf(group.pid);
  const stop = () => {
    isOver = true;
    group.kill();
  };
  const ended = (async () => {
    await group.leaderGone;
    group.kill();
    guard?.kill();
    const ending = await group.ended;
    isOver = true;
    const words = lastWords.toString('utf8').trim();
    return { lastWords: fault ?? (words === '' ? describeEnding(argv, ending) : words) };
  })();
  return { ended, stop };
}

const guardOf = (group: number) =>
  spawnGroup(['/bin/sh', '-c', GUARD, 'sh', String(group)], {
    holdsInput: true,
    onStdout: () => undefined,
    onStderr: () => undefined,
  });
