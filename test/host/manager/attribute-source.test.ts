/** Laws of asking the cluster, on virtual time. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type AttributeAnswer,
  AttributeSource,
  QUERY_PACE_MS,
} from '../../../host/manager/attribute-source.ts';
import type { NamedValues } from '../../../host/pacemaker/attribute-sets.ts';
import type { ClusterEventOptions } from '../../../host/pacemaker/cluster-events.ts';
import { silentLogger } from '../../../shared/log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NO_CLUSTER: AttributeAnswer = { ok: false, kind: 'no-cluster', fault: 'away' };

function world(t: TestContext) {
  const clock = new VirtualClock();
  const told: NamedValues[] = [];
  const startedMs: number[] = [];
  const events: ClusterEventOptions[] = [];
  const state = { value: '100', isWatched: true, isAway: false };
  const source = new AttributeSource({
    clock,
    random: () => 0.5,
    log: silentLogger,
    query: async () => {
      startedMs.push(clock.nowMs());
      const answer: AttributeAnswer = state.isAway
        ? NO_CLUSTER
        : { ok: true, values: new Map([['ping', state.value]]) };
      await clock.sleep(20);
      return answer;
    },
    follow: (options) => {
      events.push(options);
      return { ended: new Promise(() => {}), stop() {} };
    },
    isWatched: () => state.isWatched,
    onValues: (values) => told.push(values),
    onAway: () => undefined,
  });
  t.after(() => clock.advance(1));
  const change = () => events.at(-1)?.onChange();
  return { clock, told, startedMs, state, source, change };
}

describe('the cluster', () => {
  it('is asked once for any number of askers', async (t) => {
    const { clock, source, startedMs, told } = world(t);
    for (let n = 0; n < 500; n++) source.ask();
    await clock.advance(500);
    assert.deepEqual([startedMs.length, told.length], [1, 1]);
    assert.equal(source.fresh?.get('ping'), '100');
  });

  it('is asked once a second at most, however often something happens', async (t) => {
    const { clock, source, startedMs, change } = world(t);
    for (let n = 0; n < 1_000; n++) {
      change();
      source.ask();
      await clock.advance(10);
    }
    const pauses = startedMs.slice(1).map((ms, index) => ms - (startedMs[index] ?? 0));
    assert.ok(
      pauses.every((ms) => ms >= QUERY_PACE_MS),
      pauses.join(),
    );
    assert.ok(startedMs.length >= 9, String(startedMs.length));
  });

  it('is asked at once after a pause, so that a change is told within the time of a query', async (t) => {
    const { clock, source, state, told, change } = world(t);
    source.ask();
    await clock.advance(5_000);
    state.value = '0';
    change();
    assert.equal(source.fresh, undefined, 'what is outdated is not fresh');
    await clock.advance(25);
    assert.equal(told.at(-1)?.get('ping'), '0');
  });

  it('is asked again when something happened while it answered', async (t) => {
    const { clock, source, state, told, change } = world(t);
    source.ask();
    await clock.advance(5);
    state.value = '0';
    change();
    await clock.advance(20);
    assert.equal(told.at(-1)?.get('ping'), '100', 'it is newer than what was told before');
    assert.equal(source.fresh, undefined, 'and good for no later question');
    await clock.advance(QUERY_PACE_MS + 25);
    assert.equal(told.at(-1)?.get('ping'), '0');
  });

  it('is not asked while nobody wants to know', async (t) => {
    const { clock, state, startedMs, change } = world(t);
    state.isWatched = false;
    change();
    await clock.advance(60_000);
    assert.deepEqual(startedMs, []);
  });

  it('is asked from time to time without any event', async (t) => {
    const { clock, state, startedMs, told } = world(t);
    await clock.advance(9_000);
    assert.deepEqual(startedMs, []);
    state.value = '0';
    await clock.advance(2_000);
    assert.equal(told.at(-1)?.get('ping'), '0');
  });

  it('that gives no answer is asked again, and nothing is told meanwhile', async (t) => {
    const { clock, source, state, startedMs, told } = world(t);
    state.isAway = true;
    source.ask();
    await clock.advance(30_000);
    assert.equal(told.length, 0);
    assert.equal(source.fault, 'away');
    assert.ok(startedMs.length >= 5 && startedMs.length <= 30, String(startedMs.length));
    state.isAway = false;
    await clock.advance(6_000);
    assert.equal(told.at(-1)?.get('ping'), '100');
    assert.equal(source.fault, undefined);
  });

  it('is not held for fresh once a second has passed', async (t) => {
    const { clock, source } = world(t);
    source.ask();
    await clock.advance(QUERY_PACE_MS);
    const isFresh = () => source.fresh !== undefined;
    assert.equal(isFresh(), true);
    await clock.advance(1);
    assert.equal(isFresh(), false);
  });
});
