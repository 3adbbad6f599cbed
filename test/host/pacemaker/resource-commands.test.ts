import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { constraintsIn, isMoveConstraint } from '../../../host/pacemaker/cib-constraints.ts';
import { queryCib } from '../../../host/pacemaker/cib-query.ts';
import { primitiveById } from '../../../host/pacemaker/cib-resources.ts';
import { queryDcState } from '../../../host/pacemaker/dc-state.ts';
import { queryFenceHistory } from '../../../host/pacemaker/fence-history.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';
import {
  banConstraintId,
  banResource,
  clearMoves,
  locateResource,
  moveConstraintId,
  moveResource,
  removeResourceMeta,
  setResourceMeta,
  setTargetRole,
} from '../../../host/pacemaker/resource-commands.ts';
import { runCommand } from '../../../shared/process/run-command.ts';

const recorded = (name: string) =>
  readFile(new URL(`../../support/recorded/pacemaker/${name}`, import.meta.url), 'utf8');

/** Pacemaker's tools on a copy of the recorded configuration. */
async function onFile(t: TestContext): Promise<Pacemaker> {
  const directory = await mkdtemp(join(tmpdir(), 'commands-'));
  t.after(() => rm(directory, { recursive: true }));
  const cibFile = join(directory, 'cib.xml');
  await writeFile(cibFile, await recorded('cib.xml'));
  return { run: runCommand, deadlineMs: 10_000, cibFile };
}

async function cibOf(pacemaker: Pacemaker) {
  const result = await queryCib(pacemaker);
  assert.ok(result.ok, JSON.stringify(result));
  return result.cib.root;
}

const roleIn = async (pacemaker: Pacemaker, id: string) =>
  primitiveById(await cibOf(pacemaker), id)?.metaAttributes.get('target-role');

test('a role is set where it stands, set anew where it does not, and removed', async (t) => {
  const pacemaker = await onFile(t);
  for (const resource of ['prmVMCTL_guest1', 'prmA1']) {
    for (const role of ['Stopped', 'Started', undefined, undefined, 'Stopped'] as const) {
      assert.deepEqual(await setTargetRole(pacemaker, resource, role), { ok: true });
      assert.equal(await roleIn(pacemaker, resource), role);
    }
  }
});

test('a resource that does not exist is no such object', async (t) => {
  const pacemaker = await onFile(t);
  for (const resource of ['nope', `-x`, `a'b" <&`]) {
    for (const result of [
      await setTargetRole(pacemaker, resource, 'Stopped'),
      await removeResourceMeta(pacemaker, resource, 'target-role'),
      await locateResource(pacemaker, resource),
      await moveResource(pacemaker, resource, 'hosta'),
      await clearMoves(pacemaker, resource),
    ]) {
      assert.ok(!result.ok && result.kind === 'no-such-object', JSON.stringify([resource, result]));
    }
  }
});

test('hostile values are data', async (t) => {
  const pacemaker = await onFile(t);
  for (const value of ['-x', `a b'"<&>`, '$(id)', '--force']) {
    assert.deepEqual(await setResourceMeta(pacemaker, 'prmVMCTL_guest1', 'x', value), { ok: true });
    assert.equal(primitiveById(await cibOf(pacemaker), 'prmVMCTL_guest1')?.metaAttributes.get('x'), value);
  }
});

test('a resource is located, whether it runs on no node, on one, or on all', async (t) => {
  const pacemaker = await onFile(t);
  const nodes = async (resource: string) => {
    const result = await locateResource(pacemaker, resource);
    assert.ok(result.ok, JSON.stringify(result));
    return [...result.nodes].sort();
  };
  assert.deepEqual(await nodes('prmVMCTL_guest2'), []);
  assert.deepEqual(await nodes('prmVMCTL_guest1'), ['hosta']);
  assert.deepEqual(await nodes('clnPingd'), ['hosta', 'hostb']);
});

test('a move and a ban leave the constraints that are expected, and clearing removes exactly those', async (t) => {
  const pacemaker = await onFile(t);
  const moves = async () =>
    constraintsIn(await cibOf(pacemaker))
      .filter(isMoveConstraint)
      .map(({ id }) => id);
  const before = constraintsIn(await cibOf(pacemaker)).length;
  assert.deepEqual(await moveResource(pacemaker, 'prmVMCTL_guest1', 'hostb'), { ok: true });
  assert.deepEqual(await moves(), [moveConstraintId('prmVMCTL_guest1')]);
  assert.deepEqual(await banResource(pacemaker, 'prmA1', 'hostb'), { ok: true });
  assert.deepEqual((await moves()).sort(), [
    banConstraintId('prmA1', 'hostb'),
    moveConstraintId('prmVMCTL_guest1'),
  ]);
  assert.deepEqual(await clearMoves(pacemaker, 'prmVMCTL_guest1'), { ok: true });
  assert.deepEqual(await moves(), [banConstraintId('prmA1', 'hostb')]);
  assert.deepEqual(await clearMoves(pacemaker, 'prmA1'), { ok: true });
  assert.equal(constraintsIn(await cibOf(pacemaker)).length, before);
});

test('a move to where the resource is, or to no node at all, says so', async (t) => {
  const pacemaker = await onFile(t);
  const there = await moveResource(pacemaker, 'prmVMCTL_guest1', 'hosta');
  assert.ok(!there.ok && there.kind === 'exists', JSON.stringify(there));
  const nowhere = await moveResource(pacemaker, 'prmVMCTL_guest1', '-x');
  assert.ok(!nowhere.ok && nowhere.kind === 'no-such-object', JSON.stringify(nowhere));
});

/** Tools that answer one after the other. */
function answering(...answers: readonly (readonly [exitCode: number, body: string])[]): Pacemaker {
  const left = [...answers];
  return {
    deadlineMs: 1000,
    run() {
      const [exitCode, body] = left.shift() ?? [0, ''];
      const stdout = body.startsWith('<pacemaker-result')
        ? body
        : `<pacemaker-result api-version="2.25">${body}<status code="${exitCode}" message=""/></pacemaker-result>`;
      return Promise.resolve({ kind: 'exited', exitCode, stdout, stderr: '', elapsedMs: 1 });
    },
  };
}

test('the cluster is idle when its DC says so, and not while there is none', async () => {
  const dc = [0, '<dc node_name="hosta"/>'] as const;
  const state = (word: string) => [0, `<crmd node_name="hosta" state="${word}" result="ok"/>`] as const;
  assert.deepEqual(await queryDcState(answering(dc, state('S_IDLE'))), {
    ok: true,
    dcState: { dc: 'hosta', state: 'S_IDLE', isIdle: true },
  });
  const busy = await queryDcState(answering(dc, state('S_TRANSITION_ENGINE')));
  assert.ok(busy.ok && !busy.dcState.isIdle);
  const none = await queryDcState(answering([0, '<dc/>']));
  assert.ok(none.ok && none.dcState.dc === undefined && !none.dcState.isIdle);
  const away = await queryDcState(answering([102, '']));
  assert.ok(!away.ok && away.kind === 'no-cluster');
  const gone = await queryDcState(answering(dc, [124, '']));
  assert.ok(!gone.ok && gone.kind === 'deadline');
  const rubbish = await queryDcState(answering(dc, [0, '<crmd/>']));
  assert.ok(!rubbish.ok && rubbish.kind === 'unreadable');
});

test('the history of fencing tells success from failure', async () => {
  const result = await queryFenceHistory(answering([0, await recorded('stonith-history.xml')]));
  assert.ok(result.ok);
  assert.deepEqual(
    result.events.map(({ action, target, status, completedAt }) => [action, target, status, completedAt]),
    [
      ['reboot', 'hostb', 'failed', '2026-11-21 03:50:20Z'],
      ['off', 'hostb', 'success', '2026-11-21 03:49:53Z'],
    ],
  );
  const none = await queryFenceHistory(answering([0, '<list name="fencing history" count="0"/>']));
  assert.ok(none.ok && none.events.length === 0);
});
