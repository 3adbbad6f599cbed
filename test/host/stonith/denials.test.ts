/** What a guest that may not learns by asking however often, and what is told of it to those who run the hosts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { AuditLog } from '../../../host/stonith/service/audit-log.ts';
import { Counts } from '../../../host/stonith/service/counts.ts';
import { FenceService } from '../../../host/stonith/service/fence-service.ts';
import { LineRate } from '../../../host/stonith/service/line-rate.ts';
import { newKey } from '../../../host/stonith/token/key.ts';
import { refuse } from '../../../host/stonith/token/refusal.ts';
import type { V1Decrypter } from '../../../host/stonith/token/v1-decrypter.ts';
import { silentLogger } from '../../../shared/log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

/** Tokens of version 1 say in plain words what they decrypt to. */
const decryptV1: V1Decrypter = async (token) =>
  token.startsWith('name-')
    ? { ok: true, grant: { version: 1, resource: token.slice('name-'.length) } }
    : refuse('version-1-unreadable', 'it is none');

const TOKENS = ['x', 'A'.repeat(5_000), 'rubbish', 'name-nosuch', 'name-vm3', 'pkt2.a.b'];

interface Denied {
  readonly token: string;
  readonly afterMs: number;
}

function world(t: TestContext) {
  const clock = new VirtualClock();
  const cluster = new SimulatedCluster(clock);
  const auditPath = join(temporaryDirectory(t), 'audit.log');
  const audit = new AuditLog(auditPath, silentLogger, () => clock.nowMs());
  const options = { clock, backEnd: cluster, audit, log: silentLogger, counts: new Counts() };
  const service = new FenceService({ ...options, policy: () => ({ keys: [newKey([], 0)], decryptV1 }) });
  const denied: Denied[] = [];
  let number = 0;
  const ask = (text: string, guest = 'guest9', deadlineMs = 60_000) => {
    const sinceMs = clock.nowMs();
    service.request({
      guest,
      id: `r-${++number}`,
      text,
      deadlineMs,
      protocol: 2,
      timeLeftMs: () => sinceMs + deadlineMs - clock.nowMs(),
      reply: (answer) => {
        const isDenied = JSON.stringify(answer).includes('"result":"denied"');
        if (isDenied) denied.push({ token: text, afterMs: clock.nowMs() - sinceMs });
      },
    });
  };
  const records = async (): Promise<readonly Record<string, unknown>[]> => {
    await audit.flush();
    const lines = readFileSync(auditPath, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line));
  };
  return { clock, cluster, service, ask, denied, records };
}

/** Each query takes a processor for 30 ms, and the host has one. */
function slowLookUp(cluster: SimulatedCluster, clock: VirtualClock): { queries: number } {
  const seen = { queries: 0 };
  let freeMs = 0;
  cluster.known = async (names) => {
    seen.queries++;
    freeMs = Math.max(freeMs, clock.nowMs()) + 30;
    await clock.sleep(freeMs - clock.nowMs());
    return new Set(names.filter((name) => cluster.machines.has(name)));
  };
  return seen;
}

test('the time of a denial tells nothing of the token, however many ask at once', async (t) => {
  for (const count of [1, 40, 100]) {
    const { clock, cluster, ask, denied } = world(t);
    const seen = slowLookUp(cluster, clock);
    for (const token of TOKENS) for (let n = 0; n < count; n++) ask(`off ${token}`);
    await clock.advance(5_000);
    assert.equal(denied.length, count * TOKENS.length);
    assert.deepEqual([...new Set(denied.map(({ afterMs }) => afterMs))], [250], `${count} at once`);
    assert.ok(seen.queries <= 2, `${seen.queries} queries for ${count} at once`);
  }
});

test('a look-up that takes long delays the denial of a token that holds no name as much as of one that does', async (t) => {
  for (const lookUpMs of [0, 29, 249, 300, 900]) {
    const times = new Set<number>();
    for (const token of ['x', 'rubbish', 'name-nosuch']) {
      const { clock, cluster, ask, denied } = world(t);
      cluster.known = () => clock.sleep(lookUpMs).then(() => new Set());
      ask(`off ${token}`);
      await clock.advance(5_000);
      times.add(denied[0]?.afterMs ?? Number.NaN);
    }
    assert.deepEqual([...times], [lookUpMs < 250 ? 250 : lookUpMs < 500 ? 500 : 1_000]);
  }
});

test('who asks while names are looked up is answered by what is true after it asked', async (t) => {
  const { clock, cluster, ask } = world(t);
  const looked: (readonly string[])[] = [];
  cluster.known = async (names) => {
    const isThere = names.filter((name) => cluster.machines.has(name));
    looked.push(names);
    await clock.sleep(30);
    return new Set(isThere);
  };
  ask('off name-vm3');
  await clock.advance(10);
  cluster.machines.set('vm3', { node: 'hostb', pending: undefined, role: 'Started', record: undefined });
  for (let n = 0; n < 50; n++) ask('off name-vm3');
  await clock.advance(2_000);
  assert.deepEqual(looked, [['vm3'], ['vm3']]);
  assert.ok(cluster.log.includes('vm3 is dead'), cluster.log.join(', '));
});

test('names beyond what one query holds go into another, and a query that is never answered ends with its asker', async (t) => {
  const { clock, cluster, ask, denied } = world(t);
  const sizes: number[] = [];
  cluster.known = async (names) => {
    sizes.push(names.length);
    return new Set();
  };
  for (let n = 0; n < 250; n++) ask(`off name-n${n}`, `guest${n}`);
  await clock.advance(1_000);
  assert.deepEqual(sizes, [100, 100, 50]);
  cluster.known = () => new Promise(() => {});
  ask('off name-vm1', 'guest9', 3_000);
  await clock.advance(3_000);
  assert.equal(denied.length, 251);
});

test('every denied request is in exactly one audit line, by its reason, within 10 s or when the daemon stops', async (t) => {
  const { clock, ask, denied, records, service } = world(t);
  const counted = async () => {
    const sums = new Map<string, number>();
    for (const { result, reason, operation, count } of await records()) {
      const [refusal] = String(reason).split(':');
      const key = `${result} ${operation} ${refusal}`;
      sums.set(key, (sums.get(key) ?? 0) + (typeof count === 'number' ? count : 1));
    }
    return sums;
  };
  const expected = new Map([
    ['denied off version-1-unreadable', 200],
    ['denied status malformed', 100],
    ['denied off version-1-rubbish', 27],
  ]);
  const flood = () => {
    for (let n = 0; n < 100; n++) {
      ask('off rubbish');
      ask(`status ${'A'.repeat(5_000)}`);
      ask('off rubbish');
      if (n < 27) ask('off name-nosuch');
    }
  };
  flood();
  await clock.advance(1_000);
  assert.equal(denied.length, 327);
  assert.equal((await records()).length, 20);
  await clock.advance(10_000);
  assert.deepEqual(await counted(), expected);
  assert.equal((await records()).length, 23);

  flood();
  await clock.advance(1_000);
  const before = (await records()).length;
  await service.stop();
  const twice = new Map([...expected].map(([key, count]) => [key, 2 * count]));
  assert.deepEqual(await counted(), twice);
  assert.equal((await records()).length, before + 3);
  ask('off rubbish');
  await clock.advance(1_000);
  assert.equal((await counted()).get('denied off version-1-unreadable'), 401, 'one that comes late, too');
  assert.equal(clock.pendingTimers, 0);
});

test('what is no request is counted in the same way', async (t) => {
  const { clock, ask, records } = world(t);
  for (let n = 0; n < 500; n++) ask('off');
  await clock.advance(11_000);
  const counts = (await records()).map(({ count }) => (typeof count === 'number' ? count : 1));
  assert.equal(counts.length, 21);
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    500,
  );
});

test('looks that are granted fill the audit log no more than refused ones do, and what ends something is in a line each', async (t) => {
  const { clock, cluster, ask, records } = world(t);
  cluster.known = async (names) => new Set(names);
  for (let n = 0; n < 30; n++) ask(`list ${'name-vm1 name-vm2 '.repeat(10)}`);
  await clock.advance(30_000);
  const looks = await records();
  const sumOf = (target: string) =>
    looks
      .filter((line) => line['target'] === target)
      .reduce((sum, { count }) => sum + (typeof count === 'number' ? count : 1), 0);
  assert.deepEqual([sumOf('vm1'), sumOf('vm2')], [300, 300]);
  assert.ok(looks.length >= 20 && looks.length <= 20 + 30 + 6, `${looks.length} lines`);
  for (let n = 0; n < 25; n++) ask('on name-vm1', `guest${n % 2}`);
  await clock.advance(60_000);
  assert.equal((await records()).length, looks.length + 25);
});

test('a flood of refused requests is told of in few lines, one guest harms no other, and no count is lost', () => {
  const refused = fc.record({
    guest: fc.constantFrom('guest1', 'guest2'),
    operation: fc.constantFrom('off', 'status'),
    kind: fc.constantFrom('altered', 'expired'),
  });
  const asked = fc.record({ refused, pauseMs: fc.nat(200) });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 300 }), (all) => {
      const rate = new LineRate();
      const at = new Map<string, number>();
      let nowMs = 0;
      for (const { refused, pauseMs } of all) {
        nowMs += pauseMs;
        if (rate.take(refused, nowMs)) at.set(refused.guest, (at.get(refused.guest) ?? 0) + 1);
      }
      const untold = rate.takeUntold();
      const bundles = untold.map(({ last }) => JSON.stringify(last));
      assert.equal(new Set(bundles).size, bundles.length, 'one for each kind');
      assert.deepEqual(rate.takeUntold(), []);
      const sent = (guest: string) => all.filter(({ refused }) => refused.guest === guest).length;
      for (const guest of ['guest1', 'guest2']) {
        const told = at.get(guest) ?? 0;
        assert.ok(told >= Math.min(20, sent(guest)) && told <= 21 + nowMs / 1_000);
        const counted = untold.filter(({ last }) => last.guest === guest);
        assert.equal(told + counted.reduce((sum, { count }) => sum + count, 0), sent(guest));
      }
    }),
  );
});
