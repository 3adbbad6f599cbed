/** A command that runs on and whose output is taken line by line, such as `virsh event --loop`. */
import { createInterface } from 'node:readline';
import { killGroup, type SpawnOptions, spawnGroup } from './spawn.ts';

export interface FollowedCommand {
  /** Resolves when it has ended, with what it last said on standard error. */
  readonly ended: Promise<{ readonly lastWords: string }>;
  stop(): void;
}

const LAST_WORDS_BYTES = 400;

export function followCommand(
  argv: readonly string[],
  options: SpawnOptions & { readonly onLine: (line: string) => void },
): FollowedCommand {
  const child = spawnGroup(argv, options);
  let lastWords = '';
  child.stdin.on('error', () => undefined);
  child.stdin.end();
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-LAST_WORDS_BYTES);
  });
  createInterface({ input: child.stdout }).on('line', options.onLine);
  const ended = (async () => {
    const result = await child;
    return { lastWords: lastWords.trim() || (result instanceof Error ? result.message : '') };
  })();
  return { ended, stop: () => killGroup(child.pid) };
}
