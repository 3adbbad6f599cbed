/** Law: a block of the README that is marked as runnable runs, line by line, on a machine with nothing but the tree. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { laboratory } from './lab.ts';
import { CHECKOUT } from './layout.ts';
import { ownLabTest } from './shared-lab.ts';

const NAME = 'readme';

for (const file of ['README.md', 'README.ja.md']) {
  ownLabTest(
    `what ${file} marks as runnable runs`,
    async (t) => {
      const blocks = [
        ...readFileSync(`${CHECKOUT}/${file}`, 'utf8').matchAll(/^```sh runnable\n(.*?)^```$/gms),
      ];
      assert.ok(blocks.length > 0, 'there is such a block');
      t.after(() => laboratory(NAME, () => undefined).down());
      for (const line of blocks.flatMap(([, text = '']) => text.trimEnd().split('\n'))) {
        const said = execFileSync('/bin/bash', ['-c', line], {
          cwd: CHECKOUT,
          encoding: 'utf8',
          env: { ...process.env, LAB_NAME: NAME },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        t.diagnostic(`${line}\n${said}`);
      }
    },
    { limitMs: 300_000 },
  );
}
