/**
 * npm run fuzz [-- --inputs N] [--family NAME]… [--seed S] [--keep]: every parser of outside data gets N inputs a family, made of
 * real samples; two families run side by side. Ends with a table; the exit status is 1 when anything broke: the input then lies in
 * the corpus, made as short as it can be, and the unit tests try it from then on. --keep also adds inputs that reached new code.
 */
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { plainText } from '../bench/tables.ts';
import { countIn, refuse, scriptWords } from '../support/script-words.ts';
import { FAMILIES } from './families.ts';
import { familyNamed } from './family.ts';
import { faultsOf } from './faults.ts';
import { type Ended, runFamily } from './run-family.ts';

const CORPUS = join(import.meta.dirname, 'corpus');
const SIDE_BY_SIDE = 2;
const HANGS_AFTER_MS = 60_000;
const TOLD_EVERY_MS = 20_000;
/** Until then nothing is known of what it reaches, and of how its heap grows. */
const LEAST_INPUTS = 1_000;

const USAGE = `usage: npm run fuzz [-- OPTIONS]

  --inputs N       for each family, 1000 at least (100000)
  --family NAME    only this one; may be given several times
  --seed S         the inputs are drawn from it (1)
  --keep           inputs that reached new code are added to the corpus`;

const { values } = scriptWords(USAGE, {
  options: {
    inputs: { type: 'string', default: '100000' },
    family: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const inputs = countIn(USAGE, '--inputs', values.inputs);
if (inputs < LEAST_INPUTS)
  refuse(USAGE, `--inputs: ${LEAST_INPUTS} at least, or nothing can be said of a family`);
const seed = countIn(USAGE, '--seed', values.seed);

const waiting = familiesWanted();
const ended = new Map<string, Ended>();
const startMs = performance.now();
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, runWaiting));
const faults = [...ended].flatMap(([name, one]) => faultsOf(name, one));
console.log(`\n${tableOf(ended)}\n`);
for (const fault of faults) console.log(fault);
const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
console.log(
  `seed ${seed}, ${inputs} inputs for each of ${ended.size} families in ${minutes} minutes: ${faults.length} broken`,
);
process.exitCode = faults.length > 0 ? 1 : 0;

function familiesWanted(): string[] {
  try {
    const named = values.family.map((name) => familyNamed(name, FAMILIES).name);
    return named.length > 0 ? named : FAMILIES.map(({ name }) => name);
  } catch (thrown) {
    console.error(`fuzz: ${messageOf(thrown)}`);
    process.exit(1);
  }
}

async function runWaiting(): Promise<void> {
  for (let family = waiting.shift(); family !== undefined; family = waiting.shift()) {
    const name = family;
    let toldMs = performance.now();
    const begunMs = toldMs;
    const one = await runFamily(
      {
        set: 'parsers',
        family,
        inputs,
        seed,
        corpus: CORPUS,
        keepsNews: values.keep,
        hangsAfterMs: HANGS_AFTER_MS,
      },
      (done) => {
        const nowMs = performance.now();
        if (nowMs - toldMs < TOLD_EVERY_MS) return;
        toldMs = nowMs;
        console.log(`${name}: ${done} inputs, ${perSecond(done, nowMs - begunMs)} a second`);
      },
    );
    ended.set(family, one);
    console.log(`${name}: ${faultsOf(name, one).length === 0 ? 'done' : 'BROKEN'}`);
  }
}

function tableOf(all: ReadonlyMap<string, Ended>): string {
  const columns = [
    'family',
    'inputs',
    'a second',
    'a CPU second',
    'mean bytes',
    'slowest',
    'heap grew',
    'news',
    'functions',
  ];
  const rows = [...all].map(([name, one]) => {
    if (one.kind === 'died') return [name, one.fault];
    const { fuzzed, functions, news } = one;
    const { slowest, grownBytes } = fuzzed;
    return [
      name,
      String(fuzzed.inputs),
      perSecond(fuzzed.inputs, fuzzed.elapsedMs),
      perSecond(fuzzed.inputs, fuzzed.cpuMs),
      (fuzzed.bytes / fuzzed.inputs).toFixed(),
      slowest.ms < 1 ? 'under 1 ms' : `${slowest.ms.toFixed(1)} ms of ${slowest.bytes} bytes`,
      grownBytes === undefined ? 'not measured' : `${(grownBytes / 1024).toFixed()} KiB`,
      String(news),
      String(functions),
    ];
  });
  return plainText({ columns, rows });
}

function perSecond(count: number, ms: number): string {
  return Math.round(count / (ms / 1_000)).toLocaleString('en');
}
