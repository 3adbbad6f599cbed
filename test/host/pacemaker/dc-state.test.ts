import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryDcState } from '../../../host/pacemaker/dc-state.ts';
import type { Pacemaker } from '../../../host/pacemaker/pacemaker-call.ts';

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
