/** Each thing that docs/security.md says a guest can't do is tried on the real daemons, and each test that it names is there. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const TESTS = join(import.meta.dirname, '..');
const PAGE = join(TESTS, '../docs/security.md');

/** Where a guest plays against daemons that run as programs of their own. */
const OF_REAL_DAEMONS =
  /^(?:security\/hostile-guest[\w-]*|host\/connect\/(?:hostile-guests|host-daemon))\.test\.ts$/;

const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.test.ts'),
);

/** By its name, or with as much of its path as tells it from others. */
const isNamed = (path: string, file: string) => `/${path}`.endsWith(`/${file}`);

interface Named {
  readonly file: string;
  readonly titles: readonly string[];
}

/** `FILE` "title …", "title …"; `FILE` … */
function namedIn(cell: string): readonly Named[] {
  return [...cell.matchAll(/`([^`]+\.test\.ts)`((?:,? "[^"]*")*)/g)].map(([, file = '', titles = '']) => ({
    file,
    titles: [...titles.matchAll(/"([^"]*)"/g)].map(([, title = '']) => title.replace(/ …$/, '')),
  }));
}

function rows(): readonly (readonly string[])[] {
  const [, table = ''] = /^\| it cannot .*\n\|[ -|]+\n([\s\S]*?)\n\n/m.exec(readFileSync(PAGE, 'utf8')) ?? [];
  return table.split('\n').map((line) => line.split('|').slice(1, -1));
}

test('what a guest is said not to be able to do has a test of its part, and one of the real daemons', () => {
  assert.ok(rows().length > 20);
  for (const [claim = '', , law = '', real = ''] of rows()) {
    for (const { file, titles } of [...namedIn(law), ...namedIn(real)]) {
      const [path, ...others] = files.filter((one) => isNamed(one, file));
      assert.ok(path !== undefined && others.length === 0, `${file} is one file`);
      const text = readFileSync(join(TESTS, path), 'utf8').replaceAll("\\'", "'");
      for (const title of titles)
        assert.ok(
          ["'", '"', '`'].some((quote) => text.includes(`test(${quote}${title}`)),
          `${file} has no test that is called "${title}"`,
        );
    }
    const tried = namedIn(real);
    assert.ok(tried.length > 0, `${claim.trim()}: is not tried on the real daemons`);
    for (const { file, titles } of tried) {
      assert.ok(titles.length > 0, `${claim.trim()}: ${file} without a title`);
      assert.ok(
        files.some((path) => isNamed(path, file) && OF_REAL_DAEMONS.test(path)),
        `${file}: no real daemons`,
      );
    }
  }
});
