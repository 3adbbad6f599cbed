/** What fuzzes, tried with families that have a fault each: none of these may go by unseen. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { loadCorpus } from './corpus.ts';
import { type Family, law } from './family.ts';
import { faultsOf } from './faults.ts';
import { faultOf, fuzzFamily, shortest } from './fuzz-family.ts';
import type { FamilyOrder } from './run-family.ts';
import { type Ended, runFamily } from './run-family.ts';

const HEAP_MIB = 64;

async function trial(t: TestContext, family: string, more: Partial<FamilyOrder> = {}) {
  const corpus = temporaryDirectory(t);
  const order: FamilyOrder = {
    set: 'trial',
    family,
    inputs: 20_000,
    seed: 1,
    corpus,
    keepsNews: false,
    hangsAfterMs: 600_000,
    ...more,
  };
  const ended = await runFamily(order, () => undefined, HEAP_MIB);
  return { ended, faults: faultsOf(family, ended), kept: loadCorpus(corpus, family) };
}

function functionsOf(ended: Ended): number {
  assert.equal(ended.kind, 'done');
  return ended.functions;
}

describe('what fuzzes', () => {
  const weak: Family = {
    name: 'weak',
    seeds: () => ['a=1\n', 'b=2\n'],
    words: ['='],
    usualBytes: 100,
    longestBytes: 1_000,
    check: (input) => law(!input.toString('latin1').includes('=='), 'two signs in a row'),
  };

  it('finds the input that breaks a law, the same for the same seed, and makes it short', async () => {
    const [one, other] = [
      await fuzzFamily(weak, { inputs: 5_000, seed: 7, kept: [] }),
      await fuzzFamily(weak, { inputs: 5_000, seed: 7, kept: [] }),
    ];
    assert.match(one.broken?.fault ?? '', /two signs in a row/);
    assert.deepEqual(one.broken?.input, other.broken?.input);
    const found = one.broken?.input ?? Buffer.alloc(0);
    const short = await shortest(found, async (input) => (await faultOf(weak, input)) !== undefined);
    assert.equal(short.toString(), '==');
  });

  it('takes an error of the parser for a broken law, also one that comes later', async () => {
    const later: Family = { ...weak, check: async (input) => assert.ok(input.length > 0) };
    const { broken } = await fuzzFamily(later, { inputs: 5_000, seed: 7, kept: [] });
    assert.equal(broken?.input.length, 0);
  });

  it('finds an input that takes longer than its length allows, also beside a slower one that is long', async () => {
    const burn = (ms: number) => {
      const usedUs = () => process.cpuUsage().user + process.cpuUsage().system;
      const beforeUs = usedUs();
      while (usedUs() - beforeUs < ms * 1_000);
    };
    const slow: Family = {
      ...weak,
      seeds: () => ['x'.repeat(100_000), 'fine'],
      check: (input) => burn(input.length > 90_000 ? 200 : input.toString() === 'slow' ? 150 : 0),
    };
    const lawful = await fuzzFamily(slow, { inputs: 2, seed: 7, kept: [] });
    assert.equal(lawful.broken, undefined);
    assert.ok(lawful.slowest.ms >= 200);
    const found = await fuzzFamily(slow, { inputs: 3, seed: 7, kept: [Buffer.from('slow')] });
    assert.match(found.broken?.fault ?? '', /^4 bytes took 1\d\d ms$/);
  });

  it('ends a parser that hangs, and keeps the input that it hangs at', async (t) => {
    const { ended, faults, kept } = await trial(t, 'hangs', { hangsAfterMs: 3_000 });
    assert.equal(ended.kind, 'died');
    assert.deepEqual(
      kept.map(({ file, input }) => [basename(file).replace(/-.*/, ''), input.toString()]),
      [['broke', 'hang']],
    );
    assert.deepEqual(faults, [`hangs: it took more than 3000 ms; ${kept[0]?.file}`]);
  });

  it('tells of one that eats all memory, and keeps the input that it does so at', async (t) => {
    const { ended, faults, kept } = await trial(t, 'eats-memory');
    assert.equal(ended.kind, 'died');
    assert.equal(kept.length, 1);
    assert.ok(faults.join().endsWith(`; ${kept[0]?.file}`));
    assert.match(faults.join(), /^eats-memory: its process ended with SIG\w+: .*heap out of memory/);
  });

  it('tells of one that keeps something of every input', async (t) => {
    const { ended, faults } = await trial(t, 'grows');
    assert.equal(ended.kind, 'done');
    assert.match(faults.join(), /grows: its heap grew by \d{8} bytes/);
  });

  it('finds branches behind branches, and keeps the inputs that reach them when it is to', async (t) => {
    for (const keepsNews of [true, false]) {
      const { ended, faults, kept } = await trial(t, 'hides', { keepsNews });
      assert.deepEqual(faults, []);
      assert.equal(functionsOf(ended), 1);
      const reaching = ['k', 'ke', 'key'].filter((door) =>
        kept.some(({ input }) => input.toString().startsWith(door)),
      );
      assert.deepEqual(reaching, keepsNews ? ['k', 'ke', 'key'] : []);
    }
  });

  it('tells of one that reaches nothing', async (t) => {
    const { ended, faults } = await trial(t, 'reads-nothing');
    assert.equal(functionsOf(ended), 0);
    assert.match(faults.join(), /^reads-nothing: no code of ours was reached/);
  });
});
