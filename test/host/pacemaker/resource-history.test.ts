import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { queryCibXPath } from '../../../host/pacemaker/cib-query.ts';
import { queryStatus } from '../../../host/pacemaker/cluster-status.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';
import {
  historyIn,
  historyXPath,
  migrationsIn,
  type ResourceHistoryResult,
  unchangedXPath,
} from '../../../host/pacemaker/resource-history.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

const onFile = (name: string): Pacemaker => ({
  run: runCommand,
  deadlineMs: 10_000,
  cibFile: new URL(`../../support/recorded/pacemaker/${name}.xml`, import.meta.url).pathname,
});

const answering = (stdout: string): Pacemaker => ({
  deadlineMs: 1000,
  run: () => Promise.resolve({ kind: 'exited', exitCode: 0, stdout, stderr: '', elapsedMs: 1 }),
});

async function historyOf(pacemaker: Pacemaker, resource: string): Promise<ResourceHistoryResult> {
  const answer = await queryCibXPath(pacemaker, historyXPath(resource));
  return answer.ok ? historyIn(answer.elements) : answer;
}

async function statesIn(pacemaker: Pacemaker, resource: string) {
  const result = await historyOf(pacemaker, resource);
  assert.ok(result.ok, JSON.stringify(result));
  return Object.fromEntries([...result.nodes].map(([node, { state }]) => [node, state]));
}

test('each node says what it last did with a resource', async () => {
  assert.deepEqual(await statesIn(onFile('cib'), 'prmVMCTL_guest1'), { hosta: 'active', hostb: 'stopped' });
  assert.deepEqual(await statesIn(onFile('cib'), 'prmVMCTL_guest2'), { hosta: 'stopped', hostb: 'stopped' });
  assert.deepEqual(await statesIn(onFile('cib'), `no 'such' "resource"`), {});
});

test('a node that came back knows nothing of a guest that runs there, while the cluster shows it stopped', async () => {
  const pacemaker = onFile('cib-rejoined');
  const status = await queryStatus(pacemaker, { resource: 'prmVMCTL_guest1' });
  assert.ok(status.ok);
  assert.deepEqual(
    status.status.resources.map(({ role, nodes }) => [role, nodes]),
    [['Stopped', []]],
  );
  assert.ok(status.status.nodes.every((node) => node.isOnline && !node.isUnclean && !node.isPending));
  assert.deepEqual(await statesIn(pacemaker, 'prmVMCTL_guest1'), { hosta: 'stopped' });
});

test('what a node tells again from memory is told from what it told when it was done', async () => {
  const told = async (origin: string) => {
    const operation = `<lrm_rsc_op operation="stop" on_node="hosta" call-id="3" rc-code="0" op-status="0" interval="0" ${origin}/>`;
    const history = await historyOf(answering(`<lrm_resource id="vm">${operation}</lrm_resource>`), 'vm');
    return history.ok ? history.nodes.get('hosta')?.isRemembered : undefined;
  };
  assert.equal(await told('crm-debug-origin="do_update_resource"'), false);
  assert.equal(await told('crm-debug-origin="controld_update_resource_history"'), false);
  assert.equal(await told('crm-debug-origin="build_active_RAs"'), true);
  assert.equal(await told('crm-debug-origin="something_newer"'), true);
  assert.equal(await told(''), true);
});

test('a migration leaves a number of its own, also when a stop has come after it', async () => {
  const operation = (name: string, callId: number, rest = 'rc-code="0" op-status="0"') =>
    `<lrm_rsc_op operation="${name}" on_node="hosta" call-id="${callId}" interval="0" ${rest}/>`;
  const told = async (...operations: string[]) => {
    const resource = `<lrm_resource id="vm">${operations.join('')}</lrm_resource>`;
    const answer = await historyOf(answering(`<xpath-query>${resource}</xpath-query>`), 'vm');
    assert.ok(answer.ok, JSON.stringify(answer));
    return [...migrationsIn(answer.nodes)];
  };
  assert.deepEqual(await told(operation('start', 12), operation('monitor', 13)), []);
  const before = [operation('migrate_from', 8), operation('migrate_to', 10)];
  assert.deepEqual(await told(operation('start', 12), ...before), [['hosta', 10]]);
  const since = [operation('migrate_from', 8), operation('migrate_to', 14), operation('stop', 15)];
  assert.deepEqual(await told(...since), [['hosta', 14]]);
});

test('it is the same when one query asks for more', async () => {
  const pacemaker = onFile('cib');
  const xpath = `${historyXPath('prmVMCTL_guest1')} | //resources//primitive | /cib/status/node_state`;
  const answer = await queryCibXPath(pacemaker, xpath);
  assert.ok(answer.ok && answer.elements.length > 4, JSON.stringify(answer).slice(0, 200));
  assert.deepEqual(historyIn(answer.elements), await historyOf(pacemaker, 'prmVMCTL_guest1'));
});

test('that a node has done nothing since is told by one XPath', async () => {
  const pacemaker = onFile('cib');
  const resource = 'prmVMCTL_guest1';
  const result = await historyOf(pacemaker, resource);
  const history = result.ok ? result.nodes.get('hosta') : undefined;
  assert.ok(history !== undefined);
  const finds = async (node: string, operations = history.operations) => {
    const answer = await queryCibXPath(pacemaker, unchangedXPath(resource, node, { ...history, operations }));
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer.elements.length;
  };
  assert.equal(await finds('hosta'), 1);
  assert.equal(await finds('hostb'), 0);
  const last = Math.max(...history.operations.map(({ callId }) => callId));
  const older = history.operations.filter(({ callId }) => callId < last);
  assert.ok(older.length > 0);
  assert.equal(await finds('hosta', older), 0, 'there is a newer operation');
  const changed = history.operations.map((one) => (one.callId === last ? { ...one, exitCode: 7 } : one));
  assert.equal(await finds('hosta', changed), 0, 'it ended in another way');
});

test('only a stop that succeeded and a check that found nothing are stopped', async () => {
  const op = (operation: string, exitCode: number, callId: number, status = 0) =>
    `<lrm_rsc_op id="x" operation="${operation}" on_node="a" rc-code="${exitCode}" call-id="${callId}" op-status="${status}" interval="0"/>`;
  for (const [operations, state] of [
    [[op('monitor', 7, 1)], 'stopped'],
    [[op('start', 0, 3), op('stop', 0, 5), op('monitor', 0, 4)], 'stopped'],
    [[op('stop', 0, 3), op('start', 0, 5)], 'active'],
    [[op('stop', 1, 9), op('monitor', 0, 8)], 'unclear'],
    [[op('monitor', 1, 9)], 'unclear'],
    [[op('start', 1, 9)], 'unclear'],
    [[op('migrate_to', 0, 9), op('monitor', 0, 8)], 'unclear'],
    [[op('stop', 0, 3), op('migrate_from', 0, 5)], 'active'],
    [[op('stop', 0, 3), op('start', 193, -1, -1)], 'pending'],
  ] as const) {
    const answer = answering(`<lrm_resource id="r">${operations.join('')}</lrm_resource>`);
    assert.deepEqual(await statesIn(answer, 'r'), { a: state }, operations.join(''));
  }
});

test('an operation that can’t be read makes the whole history unreadable', async () => {
  const whole = (
    await readFile(new URL('../../support/recorded/pacemaker/cib.xml', import.meta.url), 'utf8')
  ).match(/<lrm_resource id="prmVMCTL_guest1".*?<\/lrm_resource>/s)?.[0];
  assert.ok(whole !== undefined);
  for (const name of ['on_node', 'rc-code', 'call-id', 'op-status', 'operation']) {
    const result = await historyOf(answering(whole.replace(new RegExp(` ${name}="[^"]*"`), '')), 'r');
    assert.ok(!result.ok && result.kind === 'unreadable', name);
  }
});
