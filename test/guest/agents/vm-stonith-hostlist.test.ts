/** Laws of what external/vm-stonith reads in hostlist, whatever stands there: read otherwise, it comes to the same. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Random } from '../../support/random.ts';
import { drawn, quotedForShell, runCases, trapsIn } from '../../support/shell-cases.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const PLUGIN = resolve(import.meta.dirname, '../../../guest/agents/external-vm-stonith');
const CASES = 60;
const NAMES = ['guest1', 'Guest2', 'guest2', 'ゲスト', 'é', '-n', '*', '?', '[a-z]*', '\\'];
const SIGNS = [' ', '\n', '\t', '\r', "'", '"', '%s', '#', '~', '{a,b}', '$0', '$1', '=', '::', ':', '**'];

interface Given {
  readonly hostlist: string;
  readonly delimeter: string;
  readonly host: string;
}

function given(random: Random, traps: readonly string[]): Given {
  const delimeter = random.pick(['', '', ':', '=', '**', '?', "'", ...traps]);
  const sign = delimeter === '' ? ':' : delimeter;
  const name = () =>
    random.next() < 0.7 ? random.pick(NAMES) : drawn(random, [...NAMES, ...SIGNS, ...traps], 3);
  const entry = () => `${name()}${sign}${drawn(random, ['TOKEN', ...SIGNS.slice(4), ...traps], 3) || 'T'}`;
  const entries = Array.from({ length: random.between(1, 3) }, () =>
    random.next() < 0.9 ? entry() : name(),
  );
  const host = random.next() < 0.8 ? (entries.at(-1)?.split(sign)[0] ?? '') : name();
  return { hostlist: entries.join(random.pick([' ', '\n', '\t ', '  '])), delimeter, host };
}

const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** What fence_vm has to be given; undefined: nothing. */
function meantBy({ hostlist, delimeter, host }: Given): string | undefined {
  const sign = delimeter === '' ? ':' : delimeter;
  const entries = hostlist
    .split(/[ \t\n]+/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.indexOf(sign);
      return at < 0
        ? { name: '', token: '' }
        : { name: entry.slice(0, at), token: entry.slice(at + sign.length) };
    });
  const names = entries.map(({ name }) => lower(name));
  const isRight =
    entries.every(({ name, token }) => name !== '' && token !== '' && !name.includes(':')) &&
    new Set(names).size === names.length;
  const found = isRight ? entries.find(({ name }) => lower(name) === lower(host)) : undefined;
  return found && `action=off\nplug=${found.name}\ntoken=${found.name}:${found.token}\n\n\n`;
}

for (const shell of [['dash'], ['bash', '--posix'], ['busybox', 'sh']]) {
  test(`under ${shell[0]}, a host has the token that stands with it, or is not fenced, and nothing is executed`, async (t) => {
    const directory = temporaryDirectory(t);
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'fence_vm'), '#!/bin/sh\nexec cat\n');
    chmodSync(join(bin, 'fence_vm'), 0o755);
    const random = new Random(20_261_122);
    const traps = trapsIn(directory);
    const all = Array.from({ length: CASES }, () => given(random, traps));
    const results = await runCases({
      directory,
      shell,
      begin: `set -- getinfo-devid\n. ${PLUGIN}`,
      cases: all.map(
        ({ hostlist, delimeter, host }) =>
          `hostlist=${quotedForShell(hostlist)} delimeter=${quotedForShell(delimeter)}\nfence_host off ${quotedForShell(host)} 2>/dev/null`,
      ),
      env: { PATH: `${bin}:/usr/bin:/bin` },
    });
    for (const [index, one] of all.entries()) {
      const expected = meantBy(one);
      assert.deepEqual(
        results[index],
        { stdout: expected ?? '', status: expected === undefined ? 1 : 0 },
        JSON.stringify(one),
      );
    }
    const fenced = all.filter((one) => meantBy(one) !== undefined).length;
    assert.ok(fenced > CASES / 10 && fenced < CASES, `${fenced} of ${CASES} are fenced`);
  });
}
