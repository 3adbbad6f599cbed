/**
 * Every parser of outside data: the inputs that are kept, and some thousand new ones, the same in every run. `npm run fuzz` tries
 * as many as one likes.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { loadCorpus } from './corpus.ts';
import { FAMILIES } from './families.ts';
import { faultOf, fuzzFamily } from './fuzz-family.ts';

const CORPUS = join(import.meta.dirname, 'corpus');
const INPUTS = 5_000;
const SEED = 20_261_121;
const CHANCES = 100;

/** What broke something must break nothing of its family, whichever of its parsers chance picks. */
const chancesOf = (file: string): readonly (number | undefined)[] =>
  basename(file).startsWith('broke-') ? [undefined, ...Array(CHANCES).keys()] : [undefined];

for (const family of FAMILIES) {
  describe(family.name, () => {
    const kept = loadCorpus(CORPUS, family.name);

    it('obeys its laws for every input that is kept', async () => {
      assert.ok(kept.length > 0);
      for (const { file, input } of kept) {
        for (const chance of chancesOf(file)) {
          const fault = await faultOf(family, input, chance);
          assert.equal(fault, undefined, `${basename(file)}: ${fault}`);
        }
      }
    });

    it('obeys them for inputs made of them', async () => {
      const inputs = kept.map(({ input }) => input);
      const { broken } = await fuzzFamily(family, { inputs: INPUTS, seed: SEED, kept: inputs });
      assert.equal(broken?.fault, undefined, broken?.input.toString('base64'));
    });
  });
}

it('the corpus has a folder for each family, no others, and is small', () => {
  const folders = readdirSync(CORPUS).toSorted();
  assert.deepEqual(folders, FAMILIES.map(({ name }) => name).toSorted());
  const bytes = folders
    .flatMap((name) => loadCorpus(CORPUS, name))
    .reduce((sum, one) => sum + one.input.length, 0);
  assert.ok(bytes < 200_000, `${bytes} bytes`);
});
