import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { queryStatus, type StatusQuery, statusOf } from '../../../host/pacemaker/cluster-status.ts';
import { readResult } from '../../../host/pacemaker/pacemaker-result.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

const recorded = (name: string) =>
  readFile(new URL(`../../support/recorded/pacemaker/${name}.xml`, import.meta.url), 'utf8');

function read(text: string) {
  const document = parseXml(text);
  return document.ok
    ? readResult(document.root, ['crm_mon'], (root) => ({ status: statusOf(root) }))
    : document;
}

async function statusIn(name: string) {
  const result = read(await recorded(name));
  assert.ok(result.ok, JSON.stringify(result));
  return result.status;
}

async function resourceIn(name: string, id: string) {
  const resource = (await statusIn(name)).resources.find((candidate) => candidate.id === id);
  assert.ok(resource !== undefined);
  return resource;
}

async function nodeIn(name: string, node: string) {
  const found = (await statusIn(name)).nodes.find((candidate) => candidate.name === node);
  assert.ok(found !== undefined);
  return found;
}

test('a healthy cluster: nodes, quorum, and every resource with its role and its nodes', async () => {
  const { dc, hasQuorum, options, nodes, resources } = await statusIn('crm-mon');
  assert.deepEqual(
    { dc, hasQuorum, options },
    {
      dc: 'hosta',
      hasQuorum: true,
      options: { isFencingEnabled: false, isInMaintenance: false, isStoppingAll: false },
    },
  );
  assert.deepEqual(
    nodes.map(({ name, isOnline, isUnclean, isDc }) => [name, isOnline, isUnclean, isDc]),
    [
      ['hosta', true, false, true],
      ['hostb', true, false, false],
    ],
  );
  assert.deepEqual(
    resources.map(({ id, role, targetRole, isActive, nodes: on, within }) => [
      id,
      role,
      targetRole,
      isActive,
      on,
      within,
    ]),
    [
      ['prmVMCTL_guest1', 'Started', 'Started', true, ['hosta'], []],
      ['prmVMCTL_guest2', 'Stopped', 'Stopped', false, [], []],
      ['prmPingd', 'Started', undefined, true, ['hosta'], ['clnPingd']],
      ['prmPingd', 'Started', undefined, true, ['hostb'], ['clnPingd']],
      ['prmA1', 'Started', undefined, true, ['hostb'], ['grpA']],
      ['prmA2', 'Started', undefined, true, ['hostb'], ['grpA']],
      ['prmState', 'Promoted', undefined, true, ['hosta'], ['clnState']],
      ['prmState', 'Unpromoted', undefined, true, ['hostb'], ['clnState']],
    ],
  );
});

test('a guest under way is at its source, and what its constraints forbid is told', async () => {
  const { role, isActive, nodes } = await resourceIn('crm-mon-migrating', 'prmVMCTL_guest1');
  assert.deepEqual({ role, isActive, nodes }, { role: 'Migrating', isActive: true, nodes: ['hosta'] });
});

test('a resource on an unclean node is not stopped', async () => {
  const { role, isActive, nodes } = await resourceIn('crm-mon-unclean', 'prmVMCTL_guest1');
  assert.deepEqual({ role, isActive, nodes }, { role: 'Started', isActive: true, nodes: ['hostb'] });
  const node = await nodeIn('crm-mon-unclean', 'hostb');
  assert.deepEqual([node.isOnline, node.isUnclean], [false, true]);
  const { bans, fenceHistory } = await statusIn('crm-mon-unclean');
  assert.deepEqual(
    fenceHistory.map(({ action, target, status }) => [action, target, status]),
    [['reboot', 'hostb', 'pending']],
  );
  assert.ok(bans.some(({ id, node: on }) => id === 'cli-ban-prmVMCTL_guest1-on-hosta' && on === 'hosta'));
});

test('a stop that failed is blocked and failed, and the resource stays active', async () => {
  const { role, isActive, isBlocked, isFailed, isManaged, nodes } = await resourceIn(
    'crm-mon-blocked',
    'prmBad',
  );
  assert.deepEqual(
    { role, isActive, isBlocked, isFailed, isManaged, nodes },
    { role: 'Started', isActive: true, isBlocked: true, isFailed: true, isManaged: false, nodes: ['hosta'] },
  );
});

test('maintenance and standby are seen', async () => {
  assert.equal((await statusIn('crm-mon-maintenance')).options.isInMaintenance, true);
  assert.equal((await nodeIn('crm-mon-maintenance', 'hosta')).isStandby, true);
  assert.equal((await resourceIn('crm-mon-maintenance', 'prmVMCTL_guest1')).isManaged, false);
});

test('without quorum and fencing a lost node is not unclean, and its guests look stopped', async () => {
  const { hasQuorum, options } = await statusIn('crm-mon-no-quorum');
  assert.deepEqual([hasQuorum, options.isFencingEnabled], [false, false]);
  const { isOnline, isUnclean } = await nodeIn('crm-mon-no-quorum', 'hostb');
  assert.deepEqual([isOnline, isUnclean], [false, false]);
  const { role, nodes } = await resourceIn('crm-mon-no-quorum', 'prmVMCTL_guest1');
  assert.deepEqual([role, nodes], ['Stopped', []]);
});

test('what has been fenced is in the history, with who did it and why it failed', async () => {
  const { fenceHistory } = await statusIn('crm-mon-fenced');
  assert.deepEqual(
    fenceHistory.map(({ action, target, status, delegate, reason }) => [
      action,
      target,
      status,
      delegate,
      reason,
    ]),
    [
      ['reboot', 'hostb', 'failed', 'hosta', 'Fence agent did not complete within 60s'],
      ['off', 'hostb', 'success', 'a human', undefined],
    ],
  );
});

test('a document without any one of the things a decision hangs on is unreadable, not a "no"', async () => {
  const text = await recorded('crm-mon');
  const cut = (pattern: RegExp) => {
    assert.match(text, pattern);
    const result = read(text.replace(pattern, ''));
    assert.ok(!result.ok, `${pattern} can be missing`);
  };
  for (const name of ['online', 'unclean', 'pending', 'shutdown']) cut(new RegExp(` ${name}="\\w+"`));
  for (const name of ['active', 'blocked', 'managed', 'failed']) cut(new RegExp(` ${name}="(?:true|false)"`));
  cut(/ role="\w+"/);
  cut(/ nodes_running_on="1"/);
  cut(/<node name="hosta" id="1" cached="true"\/>/);
  cut(/<current_dc [^>]*>/);
  cut(/<nodes>.*?<\/nodes>/s);
  cut(/<resources>.*?<\/resources>/s);
  cut(/<status code="0"[^>]*>/);
  const failed = read(text.replace('<status code="0"', '<status code="102"'));
  assert.ok(!failed.ok);
  for (let length = 0; length < text.length - 1; length += 97) assert.ok(!read(text.slice(0, length)).ok);
});

test('no text crashes the reader', async () => {
  const words = (await recorded('crm-mon')).split(/(?<=>)/);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(words, { minLength: words.length - 3 }),
      (some) => void read(some.join('')),
    ),
    { numRuns: 50 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void read(text)));
});

async function statusOfFile(text: string, query?: StatusQuery) {
  const directory = await mkdtemp(join(tmpdir(), 'status-'));
  try {
    const cibFile = join(directory, 'cib.xml');
    await writeFile(cibFile, text);
    return await queryStatus({ run: runCommand, deadlineMs: 10_000, cibFile }, query);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('crm_mon answers for all resources, for one, and for one that does not exist', async () => {
  const cib = await recorded('cib');
  const all = await statusOfFile(cib);
  const one = await statusOfFile(cib, { resource: 'prmVMCTL_guest1' });
  const none = await statusOfFile(cib, { resource: `é "no" <such> & -x` });
  assert.ok(all.ok && one.ok && none.ok, JSON.stringify([all, one, none]));
  assert.equal(all.status.resources.length, 8);
  assert.deepEqual(
    one.status.resources.map(({ id, role, nodes }) => [id, role, nodes]),
    [['prmVMCTL_guest1', 'Started', ['hosta']]],
  );
  assert.deepEqual(none.status.resources, []);
  assert.equal(none.status.nodes.length, 2);
});

test('a brief answer says the same of nodes and resources', async () => {
  const cib = await recorded('cib');
  const whole = await statusOfFile(cib);
  const brief = await statusOfFile(cib, { isBrief: true });
  assert.ok(whole.ok && brief.ok, JSON.stringify([whole, brief]));
  assert.deepEqual(brief.status, { ...whole.status, bans: [], fenceHistory: [] });
});

test('a configuration that is not there is a failure, although crm_mon exits with 0', async () => {
  const result = await queryStatus({ run: runCommand, deadlineMs: 10_000, cibFile: '/nonexistent/cib.xml' });
  assert.ok(!result.ok, JSON.stringify(result));
});
