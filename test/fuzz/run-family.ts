/** Fuzzes a family in a process of its own, which may hang, crash or run out of memory. */
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepInput } from './corpus.ts';
import type { FuzzOrder, FuzzReport } from './fuzz-process.ts';

export type Done = Extract<FuzzReport, { kind: 'done' }>;
export type Ended =
  | Done
  | { readonly kind: 'died'; readonly fault: string; readonly file: string | undefined };

/** What a parser may use of memory beside what Node itself does. */
const MOST_HEAP_MIB = 256;
const MOST_WORDS = 10_000;

export async function runFamily(
  order: FuzzOrder,
  onProgress: (inputs: number) => void,
  mostHeapMib = MOST_HEAP_MIB,
): Promise<Ended> {
  const scratch = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-fuzz-'));
  const hangFile = join(scratch, 'input');
  const child = fork(join(import.meta.dirname, 'fuzz-process.ts'), [], {
    execArgv: ['--import', 'tsx', '--expose-gc', `--max-old-space-size=${mostHeapMib}`],
    env: { ...process.env, FUZZ_HANG_FILE: hangFile },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(0, MOST_WORDS);
  });
  let done: Done | undefined;
  child.on('message', (report: FuzzReport) => {
    if (report.kind === 'at') onProgress(report.inputs);
    else done = report;
  });
  child.send(order);
  try {
    const how = await new Promise<string>((resolve) =>
      child.once('close', (code, signal) => resolve(signal ?? `status ${code}`)),
    );
    if (done !== undefined) return done;
    if (!existsSync(hangFile))
      return { kind: 'died', fault: `its process ended with ${how}: ${tellingLine(words)}`, file: undefined };
    const file = keepInput(order.corpus, order.family, 'broke', readFileSync(hangFile));
    return { kind: 'died', fault: `it took more than ${order.hangsAfterMs} ms`, file };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Node says much more when it dies. */
function tellingLine(words: string): string {
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /FATAL|Error/.test(line)) ?? lines.at(-1) ?? 'without a word';
}
