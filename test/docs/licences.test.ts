/**
 * Laws of what packages say of licences. Which code is in a file is read in the file itself, where the bundler names every
 * module that it took something of, and not in what the build has written down.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Bundled, bundledFrom } from '../../.ci/bundled.ts';
import { PACKAGES, type Package, packageFor } from '../../.ci/package/contents.ts';
import { copyrightForDebian, licenceExpression, putLicences } from '../../.ci/package/licences.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Where third-party packages lay whose code is in a file. */
function placesIn(file: string): string[] {
  const named = readFileSync(file, 'latin1').matchAll(
    /^(?:\/\/ | *")((?:[^"\n]*\/)?node_modules\/[^"\n]+)/gm,
  );
  return [...named].flatMap(
    ([, module = '']) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module) ?? [],
  );
}

const expectedOf = ({ files }: Package): string[] => {
  const code = files.map(({ from }) => from).filter((from) => /^dist\/(sbin|lib)\//.test(from));
  const native = code.some((from) => from.endsWith('.node'))
    ? ['node_modules/@serialport/bindings-cpp', 'node_modules/node-addon-api']
    : [];
  const bundles = code.filter((from) => !from.endsWith('.node'));
  return [...new Set([...bundles.flatMap(placesIn), ...native])].sort();
};

const stanzasOf = (copyright: string): string[] => copyright.split('\n\n').slice(1);

for (const whole of PACKAGES) {
  for (const what of whole.architectures.map((architecture) => packageFor(whole, architecture))) {
    const on = what.files.some(({ from }) => from.endsWith('-arm64.node')) ? ' on arm64' : '';
    test(`${what.name}${on} names the licence of all code that is in its files, and of no other`, (t) => {
      const expected = expectedOf(what);
      assert.ok(expected.includes('node_modules/commander') && expected.includes('node_modules/saxes'));
      const root = temporaryDirectory(t);
      putLicences(what, root, 'doc');
      const complete = readFileSync(join(root, 'doc/copyright'), 'utf8');
      assert.match(readFileSync(join(root, 'doc/LICENSE'), 'utf8'), /GNU GENERAL PUBLIC LICENSE\s+Version 2/);
      for (const text of [complete, copyrightForDebian(what)]) {
        const [ours = '', ...others] = stanzasOf(text);
        assert.match(ours, /^Files: \*\nCopyright: .*\nLicense: GPL-2\+\n/);
        const named = others.map((stanza) => /^Files: (.*)\/\*$/m.exec(stanza)?.[1]);
        assert.deepEqual(named, expected);
        for (const [index, stanza] of others.entries()) {
          const { name, version } = bundledFrom('', expected[index] ?? '');
          assert.match(stanza, /^Copyright: \S/m);
          assert.ok(stanza.includes(`\nComment: ${name} ${version}, in /usr/`), stanza);
          assert.match(stanza, /^License: \S.*\n(?: .*\n?){5,}$/m, name);
        }
      }
      for (const [index, stanza] of stanzasOf(complete).slice(1).entries())
        assertWhole(stanza, bundledFrom('', expected[index] ?? ''));
    });
  }
}

/** Word for word, blank lines and margins aside. */
function assertWhole(stanza: string, { name, text }: Bundled): void {
  const words = (of: string) =>
    of
      .split(/\s+/)
      .filter((word) => word !== '' && word !== '.')
      .join(' ');
  assert.ok(words(stanza).endsWith(words(text)), `the whole text of ${name}`);
}

test('what is joined with the code of others says so in the words of RPM', () => {
  const [host] = PACKAGES;
  assert.ok(host !== undefined);
  assert.match(
    licenceExpression(host),
    /^GPL-2\.0-or-later AND \(BSD-3-Clause OR GPL-2\.0\) AND Apache-2\.0 AND ISC AND MIT$/,
  );
});

test('what comes without the text of its licence is not built in', (t) => {
  const place = temporaryDirectory(t);
  writeFileSync(join(place, 'package.json'), '{ "name": "bare", "version": "1.2.3", "license": "MIT" }');
  assert.throws(
    () => bundledFrom('sbin/any', place),
    /^PmError: cannot ship what is bundled of bare 1\.2\.3: there is no licence text in .*; put the one of its source into .*licences\/bare-1\.2\.3$/,
  );
  writeFileSync(join(place, 'LICENSE'), 'as you like\r\n');
  assert.equal(bundledFrom('sbin/any', place).text, 'as you like');
});
