import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { cibTextFault } from '../../../host/pacemaker/cib-text.ts';
import {
  deleteNodeAttribute,
  queryAllNodeAttributes,
  queryNodeAttribute,
  setNodeAttribute,
} from '../../../host/pacemaker/node-attributes.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

/** A tool that answers this, and the argument vectors that it was called with. */
function answering(exitCode: number, stdout: string) {
  const calls: (readonly string[])[] = [];
  const pacemaker: Pacemaker = {
    deadlineMs: 1000,
    run(argv) {
      calls.push(argv);
      return Promise.resolve({ kind: 'exited', exitCode, stdout, stderr: '', elapsedMs: 1 });
    },
  };
  return { pacemaker, calls };
}

const answer = (code: number, body: string) =>
  `<pacemaker-result api-version="2.25" request="attrd_updater">${body}<status code="${code}" message=""/></pacemaker-result>`;

test('a value is set and deleted for the node that is meant, whatever the words are', async () => {
  const { pacemaker, calls } = answering(0, '');
  const attribute = { name: `force_stop--x 'y'`, node: '-n' };
  assert.deepEqual(await setNodeAttribute(pacemaker, attribute, '-D'), { ok: true });
  assert.deepEqual(await deleteNodeAttribute(pacemaker, attribute), { ok: true });
  assert.deepEqual(calls, [
    ['attrd_updater', `--name=force_stop--x 'y'`, '--node=-n', '--update=-D'],
    ['attrd_updater', `--name=force_stop--x 'y'`, '--node=-n', '--delete'],
  ]);
});

test('what Pacemaker would alter or lose is refused before it is told', async () => {
  const { pacemaker, calls } = answering(0, '');
  for (const value of ['', 'a\nb', 'ゲスト & <x>', '\u0000']) {
    const result = await setNodeAttribute(pacemaker, { name: 'x', node: 'hosta' }, value);
    assert.ok(!result.ok && result.kind === 'refused', JSON.stringify(value));
  }
  assert.deepEqual(calls, []);
});

test('an attribute is read on every node that has it; an empty value is none', async () => {
  const { pacemaker } = answering(
    0,
    answer(0, '<attribute name="a" value="1&lt;" host="hosta"/><attribute name="a" value="" host="hostb"/>'),
  );
  assert.deepEqual(await queryNodeAttribute(pacemaker, 'a'), {
    ok: true,
    values: new Map([['hosta', '1<']]),
  });
});

test('an attribute that nobody has is an empty map, any other failure is one', async () => {
  const words = 'attrd_updater: Could not query value of nope: attribute does not exist';
  const unset = answering(
    78,
    answer(78, '').replace('message=""/>', `message=""><errors><error>${words}</error></errors></status>`),
  );
  assert.deepEqual(await queryNodeAttribute(unset.pacemaker, 'nope'), { ok: true, values: new Map() });
  const away = await queryNodeAttribute(answering(102, '').pacemaker, 'nope');
  assert.ok(!away.ok && away.kind === 'no-cluster');
  const invalid = await queryNodeAttribute(answering(78, '').pacemaker, 'nope');
  assert.ok(!invalid.ok);
  const rubbish = await queryNodeAttribute(answering(0, 'name="nope" value="1"').pacemaker, 'nope');
  assert.ok(!rubbish.ok && rubbish.kind === 'unreadable');
});

test('all attributes of all nodes come by one query', async () => {
  const cibFile = new URL('../../support/recorded/pacemaker/cib.xml', import.meta.url);
  await readFile(cibFile);
  const result = await queryAllNodeAttributes({
    run: runCommand,
    deadlineMs: 10_000,
    cibFile: cibFile.pathname,
  });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual([...result.nodes.keys()], ['hosta', 'hostb']);
  assert.equal(result.nodes.get('hosta')?.get('foo'), '1');
  assert.equal(result.nodes.get('hostb')?.get('default_ping_set'), '100');
});

test('text is refused exactly where the escape function of Pacemaker 2.1.5 alters it', () => {
  /** `crm_xml_escape`, as it was until 2.1.7. */
  const escaped = (text: string) => {
    const [, head = '', tail = ''] = /^([\u0000-\u007f]*)(.*)$/su.exec(text) ?? [];
    return (
      [...head]
        .map(
          (character) =>
            ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&apos;' })[character] ??
            character,
        )
        .map((character) => (character < ' ' || character === '\u007f' ? '\\' : character))
        .join('') + tail
    );
  };
  const survives = (text: string) =>
    !/[\u0000-\u001f\u007f]/.test(text) && !/["<]|&(?!(?:lt|gt|amp|quot|apos);)/.test(escaped(text));
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...`ab<>&"';é\n\u0001`) }), (text) => {
      // Behind a character that is not ASCII, `&` is refused also where it happens to look like an entity.
      if (cibTextFault(text) === undefined) assert.ok(survives(text), JSON.stringify(text));
      else assert.ok(!survives(text) || /[^\u0000-\u007f].*&/su.test(text), JSON.stringify(text));
    }),
    { numRuns: 2000 },
  );
});
