/**
 * Fuzzes one family in this process, for whoever started it with a channel: its settings come as the first message, then it
 * tells how far it is, and at last what it found. A thread beside it holds a copy of the present input; when that stays the same
 * for too long it writes it to a file, says so, and ends the process.
 */
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { keepInput, loadCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { type Family, familyNamed } from './family.ts';
import { type Fuzzed, faultOf, fuzzFamily, shortest } from './fuzz-family.ts';

export interface FuzzOrder {
  /** The parsers of this project, or what tries these programs. */
  readonly set: 'parsers' | 'trial';
  readonly family: string;
  readonly inputs: number;
  readonly seed: number;
  readonly corpus: string;
  /** Whether inputs that reach something new are kept for later runs. */
  readonly keepsNews: boolean;
  readonly hangsAfterMs: number;
  /** For the input that it hangs at; or for each before it is tried, which takes its time. */
  readonly file: string;
  readonly traces: boolean;
}

export type FuzzReport =
  | { readonly kind: 'at'; readonly inputs: number }
  | {
      readonly kind: 'done';
      readonly fuzzed: Omit<Fuzzed, 'news' | 'broken'>;
      readonly functions: number;
      readonly news: number;
      readonly broken: { readonly fault: string; readonly file: string } | undefined;
    };

const TOLD_EVERY_MS = 1_000;
const MOST_HELD_BYTES = 1024 * 1024;
/** No more is kept of one family: the corpus is part of the tree. */
const MOST_KEPT_BYTES = 14_000;
const LONGEST_KEPT_BYTES = 2_000;

interface FamilySet {
  /** None loads the other's code. */
  readonly families: () => Promise<readonly Family[]>;
  /** The scripts that inputs are to reach. */
  readonly code: RegExp;
}

const SETS: Readonly<Record<FuzzOrder['set'], FamilySet>> = {
  parsers: {
    families: async () => (await import('./families.ts')).FAMILIES,
    code: /\/(?:host|guest|shared)\/|\/node_modules\/saxes\//,
  },
  trial: {
    families: async () => (await import('./trial-families.ts')).TRIAL_FAMILIES,
    code: /\/trial-parser\.ts/,
  },
};

process.once('message', (order: FuzzOrder) => {
  void carryOut(order);
});

async function carryOut(order: FuzzOrder): Promise<void> {
  const { families, code } = SETS[order.set];
  const family = familyNamed(order.family, await families());
  const kept = loadCorpus(order.corpus, order.family);
  const coverage = new Coverage((url) => code.test(url));
  const watch = watchInputs(order);
  let toldMs = 0;
  const fuzzed = await fuzzFamily(family, {
    ...order,
    kept: kept.map(({ input }) => input),
    coverage,
    onInput: watch.hold,
    onProgress(inputs) {
      if (performance.now() - toldMs < TOLD_EVERY_MS) return;
      toldMs = performance.now();
      tell({ kind: 'at', inputs });
    },
    ...(globalThis.gc === undefined ? {} : { collect: globalThis.gc }),
  });
  let room = MOST_KEPT_BYTES - kept.reduce((sum, { input }) => sum + input.length, 0);
  for (const input of order.keepsNews ? fuzzed.news : []) {
    if (input.length > Math.min(room, LONGEST_KEPT_BYTES)) continue;
    keepInput(order.corpus, order.family, 'reached', input);
    room -= input.length;
  }
  const { news, broken, ...figures } = fuzzed;
  tell({
    kind: 'done',
    fuzzed: figures,
    functions: coverage.functions,
    news: news.length,
    broken: broken === undefined ? undefined : await keepBroken(order, family, broken, watch.hold),
  });
  await watch.end();
  process.disconnect();
}

async function keepBroken(
  order: FuzzOrder,
  family: Family,
  broken: { readonly input: Buffer; readonly fault: string },
  onInput: (input: Buffer) => void,
) {
  const stillBreaks = async (input: Buffer) => {
    onInput(input);
    return (await faultOf(family, input)) !== undefined;
  };
  // One that is only slow is not made shorter: each try would take as long.
  const input = (await stillBreaks(broken.input)) ? await shortest(broken.input, stillBreaks) : broken.input;
  const file = keepInput(order.corpus, order.family, 'broke', input);
  return { file, fault: (await faultOf(family, input)) ?? broken.fault };
}

function tell(report: FuzzReport): void {
  process.send?.(report);
}

/** In its own words, for a thread can't be started from TypeScript. */
const WATCHER = `
const { parentPort, workerData: { numbers, bytes, afterMs, file } } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
let seen = -1;
let sinceMs = performance.now();
const timer = setInterval(() => {
  const now = Atomics.load(numbers, 0);
  if (now !== seen) { seen = now; sinceMs = performance.now(); return; }
  if (performance.now() - sinceMs < afterMs) return;
  const input = Buffer.from(bytes.slice(0, Atomics.load(numbers, 1)));
  writeFileSync(file, input);
  process.kill(process.pid, 'SIGKILL');
}, 500);
parentPort.once('message', () => clearInterval(timer));
`;

function watchInputs({ hangsAfterMs, file, traces }: FuzzOrder) {
  const numbers = new Int32Array(new SharedArrayBuffer(8));
  const bytes = new Uint8Array(new SharedArrayBuffer(MOST_HELD_BYTES));
  const watcher = new Worker(WATCHER, {
    eval: true,
    workerData: { numbers, bytes, afterMs: hangsAfterMs, file },
    execArgv: [],
  });
  return {
    hold(input: Buffer) {
      if (traces) writeFileSync(file, input);
      bytes.set(input);
      Atomics.store(numbers, 1, input.length);
      Atomics.add(numbers, 0, 1);
    },
    async end() {
      watcher.postMessage('end');
      await watcher.terminate();
    },
  };
}
