/** The help of every program fits a terminal of 80 columns; vm-ctl's own is in messages.test.ts, in two languages. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { bundledProgram } from '../support/bundle.ts';

const PROGRAMS = [
  ['host/bin/vm-connectd.ts', '-t', 'host'],
  ['guest/bin/vm-connectd.ts', '-t', 'guest'],
  ['host/bin/vm-stonithd.ts'],
  ['host/bin/vm-managerd.ts'],
  ['guest/bin/vm-connect.ts'],
  ['guest/bin/fence-vm.ts'],
] as const;

for (const [source, ...words] of PROGRAMS) {
  test(`${source} ${words.join(' ')} --help has no line wider than 80 columns`, () => {
    const help = execFileSync(bundledProgram(source), [...words, '--help'], { encoding: 'utf8' });
    assert.match(help, /^Usage:/);
    for (const line of help.split('\n')) assert.ok(line.length <= 80, line);
  });
}
