import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ClusterStatus, type ResourceStatus, statusOf } from '../../../host/pacemaker/cluster-status.ts';
import type { NodeHistory } from '../../../host/pacemaker/resource-history.ts';
import { orderable, powerState, stopped } from '../../../host/stonith/decide/proof.ts';
import { factsOf } from '../../../host/stonith/pacemaker/cluster-facts.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';

const VICTIM = 'prmVMCTL_guest2';

function recorded(name: string): ClusterStatus {
  const url = new URL(`../../support/recorded/pacemaker/${name}.xml`, import.meta.url);
  const document = parseXml(readFileSync(url, 'utf8'));
  assert.ok(document.ok);
  return statusOf(document.root);
}

const history = (state: NodeHistory['state']): ReadonlyMap<string, NodeHistory> =>
  new Map(['hosta', 'hostb'].map((node) => [node, { state, isRemembered: false, operations: [] }]));
const STOPPED = history('stopped');

const facts = (status: ClusterStatus, resource = VICTIM, told = STOPPED) =>
  factsOf({
    resource,
    status,
    history: told,
    hasMigrated: false,
    wasIdle: true,
    waitsIdly: false,
    sentTo: new Set(),
    savesMemory: false,
    configured: undefined,
  });

/** The recorded stopped guest, different in one respect. */
function withVictim(change: Partial<ResourceStatus>, status = recorded('crm-mon')): ClusterStatus {
  return {
    ...status,
    resources: status.resources.map((one) => (one.id === VICTIM ? { ...one, ...change } : one)),
  };
}

const SEEN = { ranOn: ['hosta'], markedNodes: ['hosta', 'hostb'] };

const isProven = (status: ClusterStatus, resource = VICTIM, told = STOPPED) =>
  stopped(facts(status, resource, told), SEEN).kind === 'proven';

test('what crm_mon shows as stopped is proven only by the memory of every node where it may have run', () => {
  const status = recorded('crm-mon');
  const none: ReadonlyMap<string, NodeHistory> = new Map();
  for (const told of [none, history('active'), history('pending'), history('unclear')])
    assert.ok(!isProven(status, VICTIM, told));
  for (const node of ['hosta', 'hostb']) {
    const forgotten = new Map([...STOPPED].filter(([name]) => name !== node));
    assert.ok(!isProven(status, VICTIM, forgotten), `${node} has forgotten`);
  }
});

test('a stopped guest in a healthy cluster is proven stopped, a running one is on', () => {
  assert.ok(isProven(recorded('crm-mon')));
  assert.equal(powerState(facts(recorded('crm-mon'))), 'off');
  assert.equal(powerState(facts(recorded('crm-mon'), 'prmVMCTL_guest1')), 'on');
});

test('after the host was fenced what is stopped there is proven stopped', () => {
  assert.ok(isProven(recorded('crm-mon-fenced')));
});

for (const name of ['crm-mon-unclean', 'crm-mon-no-quorum', 'crm-mon-maintenance']) {
  test(`${name}: nothing is proven, and the state is unknown`, () => {
    assert.ok(!isProven(recorded(name)));
    assert.equal(powerState(facts(recorded(name))), 'unknown');
  });
}

test('no order is given without quorum or in maintenance', () => {
  assert.equal(orderable(facts(recorded('crm-mon-no-quorum'))).kind, 'impossible');
  assert.equal(orderable(facts(recorded('crm-mon-maintenance'))).kind, 'impossible');
});

test('a guest that migrates is busy, neither on nor off', () => {
  const seen = facts(recorded('crm-mon-migrating'), 'prmVMCTL_guest1');
  assert.equal(seen.target?.pending, 'Migrating');
  assert.equal(powerState(seen), 'unknown');
});

const oddities: Readonly<Record<string, Partial<ResourceStatus>>> = {
  'active on a node that is not told': { isActive: true },
  'stopped and yet on a node': { nodes: ['hosta'] },
  'a start that is under way': { role: 'Starting' },
  'a role that nobody knows': { role: 'Levitating' },
  'an operation that is under way': { pendingOperation: 'Starting' },
  'a probe that is under way': { pendingOperation: 'Checking' },
  failed: { isFailed: true },
  blocked: { isBlocked: true },
  unmanaged: { isManaged: false },
  'an orphan': { isOrphaned: true },
  'started for whatever reason': { targetRole: 'Started' },
  'without a role': { targetRole: undefined },
};

for (const [name, change] of Object.entries(oddities)) {
  test(`${name}: never proof`, () => assert.ok(!isProven(withVictim(change))));
}

test('a node that is pending, unclean or remote and lost clouds everything', () => {
  const status = recorded('crm-mon');
  const [hosta, hostb] = status.nodes;
  assert.ok(hosta !== undefined && hostb !== undefined);
  for (const change of [{ isPending: true }, { isUnclean: true }, { isUnclean: true, type: 'remote' }]) {
    assert.ok(!isProven({ ...status, nodes: [hosta, { ...hostb, ...change }] }));
  }
});

test('a lost node is proof only where nodes are fenced', () => {
  const status = recorded('crm-mon');
  const nodes = status.nodes.map((node) => (node.name === 'hostb' ? { ...node, isOnline: false } : node));
  const withFencing = (isFencingEnabled: boolean) => ({
    ...status,
    nodes,
    options: { ...status.options, isFencingEnabled },
  });
  assert.ok(isProven(withFencing(true)));
  assert.ok(!isProven(withFencing(false)));
});

test('a node in maintenance does not manage what runs on it', () => {
  const status = recorded('crm-mon');
  const nodes = status.nodes.map((node) => ({ ...node, isInMaintenance: true }));
  assert.equal(orderable(facts({ ...status, nodes }, 'prmVMCTL_guest1')).kind, 'impossible');
});

test('what is not in the configuration is no target, and no proof', () => {
  assert.equal(facts(recorded('crm-mon'), 'nosuch').target, undefined);
  const none = factsOf({
    resource: VICTIM,
    status: recorded('crm-mon'),
    history: STOPPED,
    hasMigrated: false,
    wasIdle: true,
    waitsIdly: false,
    sentTo: new Set(),
    savesMemory: false,
    configured: { kind: 'none' },
  });
  assert.equal(none.target, undefined);
  assert.ok(!isProven({ ...recorded('crm-mon'), resources: [] }));
});

test('a coordinator that nobody asked is not idle, nor is one that may wait before it acts', () => {
  const unsettled = (wasIdle: boolean | undefined, waitsIdly: boolean) =>
    factsOf({
      resource: VICTIM,
      status: recorded('crm-mon'),
      history: STOPPED,
      hasMigrated: false,
      wasIdle,
      waitsIdly,
      sentTo: new Set(),
      savesMemory: false,
      configured: undefined,
    }).unsettled;
  assert.match(unsettled(undefined, false) ?? '', /busy/);
  assert.match(unsettled(false, false) ?? '', /busy/);
  assert.match(unsettled(true, true) ?? '', /transition-delay/);
  assert.equal(unsettled(true, false), undefined);
});

test('where it was sent to, and nobody has looked since, an earlier word counts for nothing', () => {
  const told = factsOf({
    resource: VICTIM,
    status: recorded('crm-mon'),
    history: STOPPED,
    hasMigrated: false,
    wasIdle: true,
    waitsIdly: false,
    sentTo: new Set(['hostb']),
    savesMemory: false,
    configured: undefined,
  });
  assert.deepEqual(
    told.nodes.map(({ name, tells }) => [name, tells]),
    [
      ['hosta', 'stopped'],
      ['hostb', 'otherwise'],
    ],
  );
});
