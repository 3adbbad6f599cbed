import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { changeCib } from '../../../host/pacemaker/cib-change.ts';
import { diffConfiguration } from '../../../host/pacemaker/cib-diff.ts';
import { type Cib, queryCib } from '../../../host/pacemaker/cib-query.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';
import { simulate } from '../../../host/pacemaker/simulate.ts';
import { printXml } from '../../../host/xml/print-xml.ts';
import { elementAt, withChildren, type XmlElement, xmlElement } from '../../../host/xml/xml-element.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

let directory = '';
let recordedCib = '';
let files = 0;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cib-change-'));
  recordedCib = await readFile(new URL('../../support/recorded/pacemaker/cib.xml', import.meta.url), 'utf8');
});
after(() => rm(directory, { recursive: true }));

/** Pacemaker's tools on a file of their own. */
async function fileWith(text: string): Promise<Pacemaker> {
  files++;
  const cibFile = join(directory, `cib-${files}.xml`);
  await writeFile(cibFile, text);
  return { run: runCommand, deadlineMs: 10_000, cibFile };
}

async function cibOf(pacemaker: Pacemaker): Promise<Cib> {
  const result = await queryCib(pacemaker);
  assert.ok(result.ok, JSON.stringify(result));
  return result.cib;
}

/** A `<cib>` with other constraints. */
function withConstraints(
  cib: XmlElement,
  change: (constraints: readonly XmlElement[]) => readonly XmlElement[],
) {
  const inSection = (name: string, edit: (element: XmlElement) => XmlElement) => (element: XmlElement) =>
    withChildren(
      element,
      element.children.map((child) => (child.name === name ? edit(child) : child)),
    );
  return inSection(
    'configuration',
    inSection('constraints', (section) => withChildren(section, change(section.children))),
  )(cib);
}

const location = (id: string, attributes: Record<string, string> = {}) =>
  xmlElement('rsc_location', { id, rsc: 'prmVMCTL_guest1', node: 'hosta', score: '100', ...attributes });

test('a change is one update: a new epoch, the new objects, and all else as it was', async () => {
  const pacemaker = await fileWith(recordedCib);
  const base = await cibOf(pacemaker);
  const wanted = withConstraints(base.root, (all) => [location('first'), ...all.slice(1), location('last')]);
  const changes = diffConfiguration(base.root, wanted);
  assert.deepEqual(
    changes.map(({ operation, path }) => [operation, path]),
    [
      ['delete', `/cib/configuration/constraints/rsc_location[@id='locVMCTL_guest1_default_ping_set']`],
      ['create', '/cib/configuration/constraints'],
      ['create', '/cib/configuration/constraints'],
    ],
  );
  const result = await changeCib(pacemaker, base, changes);
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.version.epoch, base.version.epoch + 1);
  const now = await cibOf(pacemaker);
  assert.deepEqual(elementAt(now.root, 'configuration'), elementAt(wanted, 'configuration'));
  assert.deepEqual(elementAt(now.root, 'status'), elementAt(base.root, 'status'));
});

test('a plan for a configuration that someone has changed since is a conflict, and changes nothing', async () => {
  const pacemaker = await fileWith(recordedCib);
  const base = await cibOf(pacemaker);
  const changes = diffConfiguration(
    base.root,
    withConstraints(base.root, (all) => [...all, location('mine')]),
  );
  const start = ['--meta', '--set-parameter=target-role', '--parameter-value=Started'];
  const set = await runCommand(['crm_resource', '--resource=prmVMCTL_guest2', ...start], {
    deadlineMs: 10_000,
    env: { CIB_file: pacemaker.cibFile ?? '' },
  });
  assert.ok(set.kind === 'exited' && set.exitCode === 0, JSON.stringify(set));
  const theirs = await cibOf(pacemaker);
  const result = await changeCib(pacemaker, base, changes);
  assert.ok(!result.ok && result.kind === 'conflict', JSON.stringify(result));
  assert.deepEqual(await cibOf(pacemaker), theirs);
});

test('a plan for a configuration that was put back to an older one is a conflict, and changes nothing', async () => {
  const pacemaker = await fileWith(recordedCib);
  const present = await cibOf(pacemaker);
  const newer: Cib = { ...present, version: { ...present.version, epoch: present.version.epoch + 5 } };
  const changes = diffConfiguration(
    newer.root,
    withConstraints(newer.root, (all) => [...all, location('mine')]),
  );
  const result = await changeCib(pacemaker, newer, changes);
  assert.ok(!result.ok, JSON.stringify(result));
  assert.deepEqual(await cibOf(pacemaker), present);
});

test('changes of the status alone don’t refuse a plan', async () => {
  for (const featureSet of ['3.16.1', '3.20.0']) {
    const pacemaker = await fileWith(recordedCib.replace(/num_updates="\d+"/, 'num_updates="77"'));
    const cib = await cibOf(pacemaker);
    const base: Cib = { ...cib, featureSet, version: { ...cib.version, numUpdates: 3 } };
    const changes = diffConfiguration(
      base.root,
      withConstraints(base.root, () => []),
    );
    const result = await changeCib(pacemaker, base, changes);
    assert.ok(result.ok, JSON.stringify(result));
  }
});

test('what the schema refuses, what is there twice and what Pacemaker can’t carry changes nothing', async () => {
  const pacemaker = await fileWith(recordedCib);
  const base = await cibOf(pacemaker);
  for (const [bad, kind] of [
    [location('a b'), 'invalid'],
    [location('prmVMCTL_guest1'), 'invalid'],
    [xmlElement('nonsense', { id: 'x' }), 'invalid'],
    [location('x', { node: 'ゲスト & <x>' }), 'refused'],
    [location('x', { node: 'a\nb' }), 'refused'],
  ] as const) {
    const changes = diffConfiguration(
      base.root,
      withConstraints(base.root, (all) => [...all, bad]),
    );
    const result = await changeCib(pacemaker, base, changes);
    assert.ok(!result.ok && result.kind === kind, JSON.stringify(result));
  }
  assert.deepEqual(await cibOf(pacemaker), base);
});

test('nothing to change is no update', async () => {
  const pacemaker = await fileWith(recordedCib);
  const base = await cibOf(pacemaker);
  const result = await changeCib(pacemaker, base, diffConfiguration(base.root, base.root));
  assert.ok(result.ok);
  assert.deepEqual(result.version, base.version);
});

test('hostile values survive a change as data', async () => {
  const pacemaker = await fileWith(recordedCib);
  const base = await cibOf(pacemaker);
  const values = [`a b`, `"'<>&`, `-x`, `]]>`, `&amp;`, `$(id)`, 'ゲスト/é.xml', `&"<é>'`];
  const pairs = values.map((value, index) =>
    xmlElement('nvpair', { id: `v${index}`, name: `n${index}`, value }),
  );
  const primitive = xmlElement('primitive', { id: 'p', class: 'ocf', provider: 'x', type: 'y' }, [
    xmlElement('instance_attributes', { id: 'p-ia' }, pairs),
  ]);
  const configuration = elementAt(base.root, 'configuration');
  assert.ok(configuration !== undefined);
  const wanted = withChildren(base.root, [
    withChildren(
      configuration,
      configuration.children.map((section) =>
        section.name === 'resources' ? withChildren(section, [...section.children, primitive]) : section,
      ),
    ),
  ]);
  const result = await changeCib(pacemaker, base, diffConfiguration(base.root, wanted));
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(
    elementAt((await cibOf(pacemaker)).root, 'configuration'),
    elementAt(wanted, 'configuration'),
  );
});

/** Objects as a configuration has them: some with ids, some told apart by their name only, some not at all. */
const objects = fc.letrec<{ list: XmlElement[] }>((tie) => ({
  list: fc
    .array(
      fc.tuple(
        fc.constantFrom('a', 'b', 'rule'),
        fc.option(fc.constantFrom('1', '2', '3', '4', '5'), { freq: 6 }),
        fc.constantFrom('x', 'y', '<&>'),
        fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant([]), tie('list')),
      ),
      { maxLength: 5 },
    )
    .map((items) => {
      const seen = new Set<string>();
      return items
        .filter(([name, id]) => id === null || (!seen.has(`${name}${id}`) && seen.add(`${name}${id}`)))
        .map(([name, id, value, children]) => xmlElement(name, { id: id ?? undefined, value }, children));
    }),
})).list;

test('whatever the two configurations, Pacemaker makes the new one of the old by our patch', async () => {
  const cib = (children: readonly XmlElement[]) =>
    xmlElement('cib', { admin_epoch: '0', epoch: '1', num_updates: '0', 'validate-with': 'none' }, [
      xmlElement('configuration', {}, [
        xmlElement('crm_config'),
        xmlElement('nodes'),
        xmlElement('resources'),
        xmlElement('constraints', {}, children),
      ]),
      xmlElement('status'),
    ]);
  await fc.assert(
    fc.asyncProperty(objects, objects, async (from, to) => {
      const pacemaker = await fileWith(printXml(cib(from)));
      const base = await cibOf(pacemaker);
      const result = await changeCib(pacemaker, base, diffConfiguration(cib(from), cib(to)));
      assert.ok(result.ok, JSON.stringify(result));
      const now = await cibOf(pacemaker);
      assert.deepEqual(elementAt(now.root, 'configuration'), elementAt(cib(to), 'configuration'));
    }),
    { numRuns: 60 },
  );
});

test('hundreds of objects at once are a few steps for Pacemaker, not one each', async () => {
  const pacemaker = await fileWith(recordedCib);
  const base = await cibOf(pacemaker);
  const many = Array.from({ length: 3000 }, (_, index) => location(`many-${index}`));
  const wanted = withConstraints(base.root, (all) => [...all, ...many]);
  const changes = diffConfiguration(base.root, wanted);
  assert.equal(changes.length, 2);
  const result = await changeCib(pacemaker, base, changes);
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(
    elementAt((await cibOf(pacemaker)).root, 'configuration'),
    elementAt(wanted, 'configuration'),
  );
});

test('a few objects before thousands are a change each, and the thousands are left alone', async () => {
  const many = Array.from({ length: 9000 }, (_, index) => location(`many-${index}`));
  const { root } = await cibOf(await fileWith(recordedCib));
  const base = withConstraints(root, (all) => [...all, ...many]);
  const few = [location('mine'), location('mine-too')];
  const changes = diffConfiguration(
    base,
    withConstraints(base, (all) => [...few, ...all]),
  );
  assert.deepEqual(
    changes.map((change) => change.operation === 'create' && [change.path, change.position]),
    [0, 1].map((position) => ['/cib/configuration/constraints', position]),
  );
});

test('the scheduler says what it would do with a plan, and how it weighs the nodes', async () => {
  const pacemaker = await fileWith(recordedCib);
  const { root } = await cibOf(pacemaker);
  const banned = withConstraints(root, (all) => [...all, location('ban', { score: '-INFINITY' })]);
  const result = await simulate(pacemaker, banned);
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(
    result.actions.filter(({ resource }) => resource === 'prmVMCTL_guest1'),
    [{ action: 'migrate', resource: 'prmVMCTL_guest1', node: 'hostb', source: 'hosta', reason: undefined }],
  );
  assert.equal(result.scores.get('prmVMCTL_guest1')?.get('hosta'), -1_000_000);
  assert.equal(result.scores.get('prmVMCTL_guest1')?.get('hostb'), 0);
  const asItIs = await simulate(pacemaker, root);
  assert.ok(asItIs.ok);
  assert.ok(asItIs.actions.every(({ resource }) => resource !== 'prmVMCTL_guest1'));
  const rubbish = await simulate(pacemaker, xmlElement('rubbish'));
  assert.ok(!rubbish.ok, JSON.stringify(rubbish));
});
