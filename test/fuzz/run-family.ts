/** Fuzzes a family in a process of its own, which may hang, crash or run out of memory. */
import { fork } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, own, removeFolder } from '../support/leaves-nothing.ts';
import { keepInput } from './corpus.ts';
import type { FuzzOrder, FuzzReport } from './fuzz-process.ts';

export type Done = Extract<FuzzReport, { kind: 'done' }>;
export type Ended =
  | Done
  | { readonly kind: 'died'; readonly fault: string; readonly file: string | undefined };

export type FamilyOrder = Omit<FuzzOrder, 'file' | 'traces'>;

/** What a parser may use of memory beside what Node itself does. */
const MOST_HEAP_MIB = 256;
const MOST_WORDS = 10_000;

export async function runFamily(
  order: FamilyOrder,
  onProgress: (inputs: number) => void,
  mostHeapMib = MOST_HEAP_MIB,
): Promise<Ended> {
  const scratch = makeFolder();
  const file = join(scratch, 'input');
  try {
    const ran = await runOnce({ ...order, file, traces: false }, onProgress, mostHeapMib);
    if (ran.done !== undefined) return ran.done;
    const isHung = existsSync(file);
    // Of an input that ends its own process nothing is known: it is met again, and each is written down before it is tried.
    if (!isHung) await runOnce({ ...order, file, traces: true }, onProgress, mostHeapMib);
    const fault = isHung
      ? `it took more than ${order.hangsAfterMs} ms`
      : `its process ended with ${ran.how}: ${tellingLine(ran.words)}`;
    const kept = existsSync(file)
      ? keepInput(order.corpus, order.family, 'broke', readFileSync(file))
      : undefined;
    return { kind: 'died', fault, file: kept };
  } finally {
    removeFolder(scratch);
  }
}

async function runOnce(order: FuzzOrder, onProgress: (inputs: number) => void, mostHeapMib: number) {
  const child = own(
    fork(join(import.meta.dirname, 'fuzz-process.ts'), [], {
      execArgv: ['--import', 'tsx', '--expose-gc', `--max-old-space-size=${mostHeapMib}`],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    }),
  );
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
  const how = await new Promise<string>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? `status ${code}`)),
  );
  if (done !== undefined) rmSync(order.file, { force: true }); // the last that was tried, and it ended nothing
  return { done, how, words };
}

/** Node says much more when it dies. */
function tellingLine(words: string): string {
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /FATAL|Error/.test(line)) ?? lines.at(-1) ?? 'without a word';
}
