/** Whole stories on virtual time; the log of what happened, in order, is what is judged. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AuditLog } from '../../../host/stonith/service/audit-log.ts';
import { Counts } from '../../../host/stonith/service/counts.ts';
import { FenceService } from '../../../host/stonith/service/fence-service.ts';
import { newKey } from '../../../host/stonith/token/key.ts';
import { makeToken } from '../../../host/stonith/token/token-commands.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { Answer } from '../../../shared/protocol/message.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

const KEYS = [newKey([], 0)];

function world(t: TestContext, cluster?: SimulatedCluster, clock = new VirtualClock()) {
  const backEnd = cluster ?? new SimulatedCluster(clock);
  const auditPath = join(temporaryDirectory(t), 'audit.log');
  const audit = new AuditLog(auditPath, silentLogger, () => clock.nowMs());
  const policy = () => ({ keys: KEYS, decryptV1: undefined });
  const service = new FenceService({
    backEnd,
    policy,
    clock,
    log: silentLogger,
    audit,
    counts: new Counts(),
  });
  const tokenFor = (resource: string) => {
    const operations = ['on', 'off', 'reset', 'status'] as const;
    const made = makeToken({ resource, operations, guests: ['guest1', 'guest2'] }, KEYS, clock.wallMs());
    assert.ok(made.ok);
    return made.token;
  };
  const tokens = new Map(['vm1', 'vm2', 'nosuch'].map((name) => [name, tokenFor(name)]));
  let number = 0;
  const ask = (
    operation: string,
    target: string,
    more: { guest?: string; id?: string; deadlineMs?: number } = {},
  ) => {
    const { guest = 'guest1', id = `r-${++number}`, deadlineMs = 10_000 } = more;
    const untilMs = clock.nowMs() + deadlineMs;
    service.request({
      guest,
      id,
      text: `${operation} ${tokens.get(target) ?? target}`,
      deadlineMs,
      protocol: 2,
      timeLeftMs: () => untilMs - clock.nowMs(),
      reply: (answer) => backEnd.log.push(`${id} ${wordsOf(answer)}`),
    });
    return { guest, id };
  };
  const atRest = () => {
    assert.deepEqual([...backEnd.marks], [], 'a mark is left');
    assert.ok(
      [...backEnd.machines.values()].every(({ record }) => record === undefined),
      'a record is left',
    );
    assert.equal(service.jobs, 0, 'a job is left');
  };
  const audited = async () => {
    await audit.flush();
    const lines = readFileSync(auditPath, 'utf8').trim().split('\n');
    return lines.map((line) => {
      const { id, requester, operation, target, result, reason } = JSON.parse(line);
      return [id, requester, operation, target, result, reason].join(' | ');
    });
  };
  return { backEnd, service, clock, ask, atRest, audited, log: backEnd.log };
}

function wordsOf(answer: Answer): string {
  if ('error' in answer) return answer.error.code;
  const { detail } = answer;
  assert.ok(typeof detail === 'object' && detail !== null && 'result' in detail && 'state' in detail);
  assert.equal(answer.text, detail['result'] === 'confirmed' ? 'OK' : 'NG');
  return `${detail['result']} ${detail['state']}`;
}

const OFF = ['vm1 mark hostb', 'vm1 order Stopped', 'vm1 is dead'];

test('off: marked, ordered, dead, confirmed, and tidied', async (t) => {
  const { ask, clock, log, atRest } = world(t);
  ask('off', 'vm1');
  await clock.advance(1_000);
  assert.deepEqual(log, [...OFF, 'r-1 confirmed off', 'vm1 clear']);
  atRest();
});

test('reset: confirmed when it is dead and ordered to start', async (t) => {
  const { ask, clock, log, atRest } = world(t);
  ask('reset', 'vm1');
  await clock.advance(2_000);
  assert.deepEqual(log, [...OFF, 'vm1 start', 'r-1 confirmed off', 'vm1 clear', 'vm1 runs']);
  atRest();
});

test('on: confirmed when it runs', async (t) => {
  const { ask, clock, log, backEnd, atRest } = world(t);
  backEnd.set('vm1', { node: undefined, role: 'Stopped' });
  ask('on', 'vm1');
  await clock.advance(2_000);
  assert.deepEqual(log, ['vm1 order Started', 'vm1 runs', 'r-1 confirmed on', 'vm1 clear']);
  atRest();
});

test('a guest that does not stop is given up before the deadline, taken back, and failed', async (t) => {
  const { ask, clock, log, backEnd, atRest } = world(t);
  backEnd.canStop = false;
  ask('off', 'vm1', { deadlineMs: 2_000 });
  await clock.advance(1_900);
  assert.deepEqual(log, ['vm1 mark hostb', 'vm1 order Stopped', 'vm1 roll back to Started', 'r-1 failed on']);
  assert.equal(backEnd.machines.get('vm1')?.role, 'Started');
  atRest();
});

test('an unclean node is waited for; the answer is unknown if it stays unclean', async (t) => {
  for (const isFencedInTime of [true, false]) {
    const { ask, clock, log, backEnd, atRest } = world(t);
    backEnd.uncleanNode = 'hostb';
    ask('off', 'vm1', { deadlineMs: 4_000 });
    await clock.advance(1_000);
    assert.ok(!log.some((line) => line.startsWith('r-1')));
    if (isFencedInTime) backEnd.uncleanNode = undefined;
    await clock.advance(3_000);
    assert.equal(
      log.find((line) => line.startsWith('r-1')),
      `r-1 ${isFencedInTime ? 'confirmed off' : 'unknown unknown'}`,
    );
    await clock.advance(5_000);
    atRest();
  }
});

test('a cluster that can not be read gives no answer but unknown', async (t) => {
  const { ask, clock, log, backEnd } = world(t);
  backEnd.isReadable = false;
  ask('off', 'vm1', { deadlineMs: 1_000 });
  await clock.advance(1_000);
  assert.deepEqual(log, ['r-1 unknown unknown']);
});

test('without quorum, or without such a guest, it fails at once and nothing is touched', async (t) => {
  const { ask, clock, log, backEnd } = world(t);
  ask('off', 'nosuch');
  backEnd.hasQuorum = false;
  ask('off', 'vm1');
  await clock.advance(100);
  assert.deepEqual(log, ['r-1 failed unknown', 'r-2 failed unknown']);
});

test('an order whose answer was lost is taken back and unknown, never failed', async (t) => {
  const { ask, clock, log, backEnd, atRest } = world(t);
  backEnd.losesOrders = true;
  ask('off', 'vm1');
  await clock.advance(5_000);
  assert.ok(log.includes('vm1 roll back to Started'));
  assert.match(log.find((line) => line.startsWith('r-1')) ?? '', /^r-1 unknown/);
  atRest();
});

test('an order that reaches the cluster when its job was taken back and answered is taken back, too, at the next sweep', async (t) => {
  for (const deadlineMs of [10_000, 60_000]) {
    const { ask, clock, log, backEnd, service, atRest } = world(t);
    await Promise.all([service.start(), clock.advance(20)]);
    backEnd.ordersAreLateMs = 5_000;
    ask('off', 'vm1', { deadlineMs });
    await clock.advance(6_000);
    assert.ok(log.includes('r-1 unknown on'), log.join(', '));
    assert.deepEqual(log.slice(-2), ['vm1 order Stopped, late', 'vm1 is dead']);
    await clock.advance(30_000);
    assert.deepEqual(log.slice(-2), ['vm1 roll back to Started', 'vm1 runs']);
    atRest();
    await service.stop();
  }
});

test('an order that somebody was quicker than is planned anew', async (t) => {
  const { ask, clock, log, backEnd, atRest } = world(t);
  backEnd.conflicts = 2;
  ask('off', 'vm1');
  await clock.advance(2_000);
  assert.equal(log.filter((line) => line === 'vm1 order Stopped refused: changed').length, 2);
  assert.ok(log.includes('r-1 confirmed off'));
  atRest();
});

test('the same operation by another guest joins; both are answered, and it is done once', async (t) => {
  const { ask, clock, log, atRest } = world(t);
  ask('off', 'vm1');
  ask('off', 'vm1', { guest: 'guest2' });
  await clock.advance(1_000);
  assert.deepEqual(log, [...OFF, 'r-1 confirmed off', 'r-2 confirmed off', 'vm1 clear']);
  atRest();
});

test('another operation on the same target waits its turn; other targets do not', async (t) => {
  const { ask, clock, log, atRest } = world(t);
  ask('off', 'vm1');
  ask('on', 'vm1');
  ask('off', 'vm2');
  await clock.advance(3_000);
  const order = log.filter((line) => line.startsWith('r-'));
  assert.deepEqual(order.slice(0, 2).toSorted(), ['r-1 confirmed off', 'r-3 confirmed off']);
  assert.deepEqual(order.slice(2), ['r-2 confirmed on']);
  assert.ok(log.indexOf('vm1 clear') < log.indexOf('vm1 order Started'));
  atRest();
});

test('status waits for nobody and writes nothing', async (t) => {
  const { ask, clock, log } = world(t);
  ask('status', 'vm1');
  await clock.advance(50);
  ask('off', 'vm1');
  await clock.advance(100);
  ask('status', 'vm1');
  await clock.advance(50);
  assert.deepEqual(log, ['r-1 confirmed on', ...OFF.slice(0, 2), 'r-3 unknown unknown']);
  await clock.advance(1_000);
});

test('a request that is called off is taken back', async (t) => {
  const { ask, clock, log, backEnd, service, atRest } = world(t);
  backEnd.canStop = false;
  const job = ask('off', 'vm1');
  await clock.advance(100);
  service.cancel(job);
  await clock.advance(500);
  assert.deepEqual(log.slice(-2), ['vm1 roll back to Started', 'r-1 failed on']);
  atRest();
});

test('a daemon that is told to stop takes back what it has begun, and takes nothing new', async (t) => {
  const { ask, clock, log, backEnd, service, atRest } = world(t);
  backEnd.canStop = false;
  ask('off', 'vm1');
  await clock.advance(100);
  const stopped = service.stop();
  await clock.advance(500);
  await stopped;
  ask('off', 'vm2');
  await clock.advance(100);
  assert.deepEqual(log.slice(-3), ['vm1 roll back to Started', 'r-1 failed on', 'r-2 failed unknown']);
  atRest();
});

test('a daemon that is told to stop while it sweeps takes back and answers at once, and ends within its limit', async (t) => {
  const { ask, clock, log, backEnd, service, atRest } = world(t);
  backEnd.canStop = false;
  backEnd.sweepAttributes = () => new Promise(() => {});
  await Promise.all([service.start(), clock.advance(20)]);
  ask('off', 'vm1');
  await clock.advance(100);
  let hasStopped = false;
  const stopped = service.stop().then(() => {
    hasStopped = true;
  });
  ask('off', 'vm2');
  await clock.advance(500);
  const answers = log.filter((line) => line.startsWith('r-'));
  assert.deepEqual([answers.toSorted(), hasStopped], [['r-1 failed on', 'r-2 failed unknown'], false]);
  atRest();
  await clock.advance(8_000);
  assert.equal(hasStopped, true);
  await stopped;
});

test('a daemon that was killed leaves a job that the next one ends, under its id', async (t) => {
  const first = world(t);
  first.ask('off', 'vm1', { id: 'job-1' });
  await first.clock.advance(40);
  const { record } = first.backEnd.machines.get('vm1') ?? {};
  assert.equal(record?.id, 'job-1');
  // What the first one does from here on goes nowhere: another cluster is in the state that it left.
  const clock = new VirtualClock();
  const next = new SimulatedCluster(clock);
  next.set('vm1', { role: 'Stopped', record, node: undefined });
  const second = world(t, next, clock);
  await Promise.all([second.service.start(), clock.advance(20)]);
  second.ask('off', 'vm1', { id: 'job-1' });
  await clock.advance(2_000);
  assert.deepEqual(second.log, ['vm1 clear', 'job-1 confirmed off', 'vm1 clear']);
  second.atRest();
  await second.service.stop();
});

test('what another host forgot is ended when its time has passed, and not before: taken back, or left as it took effect', async (t) => {
  const clock = new VirtualClock();
  const cluster = new SimulatedCluster(clock);
  const record = {
    id: 'x',
    operation: 'off',
    untilWallMs: clock.wallMs() + 5_000,
    requester: 'guest2',
    host: 'hostz',
    formerRole: 'Started',
  } as const;
  cluster.set('vm1', { role: 'Stopped', record, node: undefined });
  cluster.set('vm2', { role: 'Stopped', record: { ...record, id: 'y' } });
  const { service, log, atRest } = world(t, cluster, clock);
  await Promise.all([service.start(), clock.advance(29_000)]);
  assert.deepEqual(log, []);
  await clock.advance(2_000);
  assert.deepEqual(log, ['vm1 clear', 'vm2 roll back to Started']);
  assert.equal(cluster.machines.get('vm1')?.role, 'Stopped');
  atRest();
  await service.stop();
});

test('the same id after the answer, on a host that did not do it, gets that answer and nothing is done', async (t) => {
  const { ask, clock, log, backEnd } = world(t);
  backEnd.published.set('guest1/reset/vm1/job-7', { state: 'off', untilWallMs: clock.wallMs() + 1_000 });
  ask('reset', 'vm1', { id: 'job-7' });
  await clock.advance(100);
  assert.deepEqual(log, ['job-7 confirmed off']);
});

test('the same id for another target, or for something else, is another job: it is never answered with that answer', async (t) => {
  const { ask, clock, log, backEnd } = world(t);
  backEnd.published.set('guest1/off/vm1/job-7', { state: 'off', untilWallMs: clock.wallMs() + 1_000 });
  ask('off', 'vm2', { id: 'job-7' });
  await clock.advance(5_000);
  assert.ok(log.includes('vm2 is dead'), log.join(', '));
});

test('whatever the reason, who may not is told the same and nothing is touched', async (t) => {
  const { ask, clock, log, service } = world(t);
  const answers: string[] = [];
  const tokens = ['x', 'pkt2.a.b', '$(reboot)', '`id`', "';--", 'a\0b', 'A'.repeat(61_440)];
  for (const token of tokens) {
    service.request({
      guest: 'guest9',
      id: token.slice(0, 4),
      text: `off ${token}`,
      deadlineMs: 1_000,
      protocol: 2,
      timeLeftMs: () => 1_000,
      reply: (answer) => answers.push(JSON.stringify(answer)),
    });
  }
  ask('off', 'vm1', { guest: 'guest9' });
  await clock.advance(249);
  assert.deepEqual(answers, []);
  await clock.advance(1);
  assert.equal(answers.length, tokens.length);
  assert.equal(new Set(answers).size, 1);
  assert.deepEqual(log, ['r-1 denied unknown']);
});

test('a request that is called off before anything was begun is in the audit log, and nothing is touched', async (t) => {
  const { ask, clock, log, service, audited } = world(t);
  service.cancel(ask('off', 'vm1'));
  await clock.advance(1_000);
  assert.deepEqual(log, []);
  assert.deepEqual(await audited(), [
    'r-1 | guest1 | off | vm1 | failed | it was called off before anything was begun',
  ]);
});

test('a job that is taken up again and ends with nobody waiting is in the audit log', async (t) => {
  const clock = new VirtualClock();
  const cluster = new SimulatedCluster(clock);
  const record = {
    id: 'job-1',
    operation: 'off',
    untilWallMs: clock.wallMs() + 5_000,
    requester: 'guest2',
    host: 'hosta',
    formerRole: 'Started',
  } as const;
  cluster.set('vm1', { role: 'Stopped', record, node: undefined });
  const { service, audited, atRest } = world(t, cluster, clock);
  await Promise.all([service.start(), clock.advance(2_000)]);
  assert.deepEqual(await audited(), [
    'job-1 | guest2 | off | vm1 | confirmed | taken up again, with nobody waiting: it is stopped',
  ]);
  atRest();
  await service.stop();
});
