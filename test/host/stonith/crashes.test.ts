/**
 * Daemons and hosts that die at any point of a job, their successors, and the sweeps of the other hosts, on virtual time.
 *
 * The laws: after a confirmed off nobody of ours starts the guest; what was not done leaves the former role; nothing is
 * left behind.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { AuditLog } from '../../../host/stonith/service/audit-log.ts';
import { Counts } from '../../../host/stonith/service/counts.ts';
import { FenceService } from '../../../host/stonith/service/fence-service.ts';
import { newKey } from '../../../host/stonith/token/key.ts';
import { makeToken } from '../../../host/stonith/token/token-commands.ts';
import { silentLogger } from '../../../shared/log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { SimulatedCluster, type SimulatedDaemon } from './simulated-cluster.ts';

const KEYS = [newKey([], 0)];
const DEADLINE_MS = 4_000;
/** Past every deadline, and two sweeps after what then counts as forgotten. */
const LONG_MS = 90_000;

/** Within the deadline of what another host is asked under the same id. */
const LATE_MS = 400;

type Host = 'hosta' | 'hostb';
type Operation = 'off' | 'reset';
type LastWords = 'heard' | 'lost';

class Hosts {
  readonly clock = new VirtualClock();
  readonly cluster = new SimulatedCluster(this.clock);
  readonly confirmed: string[] = [];
  readonly #daemons = new Map<Host, { readonly daemon: SimulatedDaemon; readonly service: FenceService }>();
  readonly #audit: string;
  readonly #token: string;

  constructor(t: TestContext) {
    this.#audit = join(temporaryDirectory(t), 'audit.log');
    const operations = ['on', 'off', 'reset', 'status'] as const;
    const made = makeToken(
      { resource: 'vm1', operations, guests: ['guest1', 'guest2'] },
      KEYS,
      this.clock.wallMs(),
    );
    assert.ok(made.ok);
    this.#token = made.token;
  }

  start(host: Host): void {
    const daemon = this.cluster.daemonOn(host);
    const service = new FenceService({
      backEnd: daemon.backEnd,
      policy: () => ({ keys: KEYS, decryptV1: undefined }),
      clock: this.clock,
      log: silentLogger,
      audit: new AuditLog(this.#audit, silentLogger, () => this.clock.nowMs()),
      counts: new Counts(),
    });
    this.#daemons.set(host, { daemon, service });
    void service.start();
  }

  kill(host: Host, lastWords: LastWords): void {
    this.#daemons.get(host)?.daemon.kill(lastWords);
  }

  lose(host: Host): void {
    this.kill(host, 'lost');
    this.cluster.loseHost(host);
  }

  ask(host: Host, operation: Operation, id: string, guest = 'guest1'): void {
    const present = this.#daemons.get(host);
    if (present === undefined || !present.daemon.isAlive()) return;
    const untilMs = this.clock.nowMs() + DEADLINE_MS;
    present.service.request({
      guest,
      id,
      text: `${operation} ${this.#token}`,
      deadlineMs: DEADLINE_MS,
      protocol: 2,
      timeLeftMs: () => untilMs - this.clock.nowMs(),
      reply: (answer) => {
        if (!present.daemon.isAlive() || !('text' in answer)) return;
        this.cluster.log.push(`${id} ${answer.text}`);
        if (answer.text === 'OK') this.confirmed.push(`${operation} ${id}`);
      },
    });
  }

  cancel(host: Host, id: string): void {
    const present = this.#daemons.get(host);
    if (present?.daemon.isAlive() === true) present.service.cancel({ guest: 'guest1', id });
  }

  /** That the laws hold, now that all has come to rest. */
  judge(operation: Operation): void {
    const { log, machines, marks } = this.cluster;
    const told = log.join(', ');
    const { role, node, record } = machines.get('vm1') ?? {};
    assert.equal(record, undefined, `a record is left: ${told}`);
    assert.deepEqual(marks, [], `a mark is left: ${told}`);
    const hasDied = log.includes('vm1 is dead');
    if (operation === 'off' && this.confirmed.length > 0) {
      const answered = log.findIndex((line) => line.endsWith(' OK'));
      assert.ok(!log.slice(answered).includes('vm1 runs'), `started after it was confirmed off: ${told}`);
      assert.deepEqual([role, node], ['Stopped', undefined], told);
    }
    if (operation === 'reset' || !hasDied) assert.deepEqual([role, node], ['Started', 'hostb'], told);
    if (this.confirmed.length > 0) assert.ok(hasDied, told);
  }
}

test('killed at any point of an off or a reset and started again, soon or late, a daemon keeps the laws', async (t) => {
  const stories = (['off', 'reset'] as const).flatMap((operation) =>
    [20, 10_000, 40_000].flatMap((backAfterMs) =>
      (['heard', 'lost'] as const).map((lastWords) => ({ operation, backAfterMs, lastWords })),
    ),
  );
  for (const { operation, backAfterMs, lastWords } of stories) {
    for (let killMs = 0; killMs < 600; killMs += 5) {
      const hosts = new Hosts(t);
      hosts.start('hosta');
      await hosts.clock.advance(10);
      hosts.ask('hosta', operation, 'j');
      await hosts.clock.advance(killMs);
      hosts.kill('hosta', lastWords);
      await hosts.clock.advance(backAfterMs);
      hosts.start('hosta');
      await hosts.clock.advance(LONG_MS);
      hosts.judge(operation);
    }
  }
});

test('lost at any point of an off or a reset, with all that it published, a host leaves what the other one ends well', async (t) => {
  for (const operation of ['off', 'reset'] as const) {
    for (let killMs = 0; killMs < 600; killMs += 5) {
      const hosts = new Hosts(t);
      hosts.start('hosta');
      hosts.start('hostb');
      await hosts.clock.advance(10);
      hosts.ask('hosta', operation, 'j');
      await hosts.clock.advance(killMs);
      hosts.lose('hosta');
      await hosts.clock.advance(LONG_MS);
      hosts.judge(operation);
    }
  }
});

test('what another host has just written is not forgotten, however far its clock is behind', async (t) => {
  const hosts = new Hosts(t);
  const { clock, cluster } = hosts;
  hosts.start('hostb');
  await clock.advance(29_000);
  const untilWallMs = clock.wallMs() - 3_600_000;
  const record = { id: 'j', operation: 'off', requester: 'guest1', host: 'hosta', untilWallMs } as const;
  cluster.set('vm1', { role: 'Stopped', record: { ...record, formerRole: 'Started' } });
  await clock.advance(2_000);
  assert.deepEqual(cluster.log, []);
  await clock.advance(30_000);
  assert.deepEqual(cluster.log, ['vm1 roll back to Started']);
});

const moment = fc.nat(120).map((step) => step * 5);
const host = fc.constantFrom<Host>('hosta', 'hostb');
const happening = fc.oneof(
  fc.record({ do: fc.constantFrom('kill', 'start', 'lose', 'ask again', 'cancel'), atMs: moment, host }),
  fc.record({
    do: fc.constantFrom('unclean', 'clean', 'unreadable', 'readable', 'late', 'in time', 'other'),
    atMs: moment,
    host,
  }),
);

test('whatever dies, is lost, called off, asked again or can not be seen, on two hosts: the laws hold', async (t) => {
  const operation = fc.constantFrom<Operation>('off', 'reset');
  const happenings = fc.array(happening, { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(operation, happenings, async (asked, unsorted) => {
      const hosts = new Hosts(t);
      const { clock, cluster } = hosts;
      hosts.start('hosta');
      hosts.start('hostb');
      await clock.advance(10);
      hosts.ask('hosta', asked, 'j');
      let nowMs = 0;
      for (const { do: what, atMs, host: on } of unsorted.toSorted((one, other) => one.atMs - other.atMs)) {
        await clock.advance(atMs - nowMs);
        nowMs = atMs;
        if (what === 'kill') hosts.kill(on, 'heard');
        if (what === 'lose') hosts.lose(on);
        if (what === 'start') {
          hosts.kill(on, 'lost');
          hosts.start(on);
        }
        if (what === 'ask again') hosts.ask(on, asked, 'j');
        if (what === 'other') hosts.ask(on, asked, 'k', 'guest2');
        if (what === 'cancel') hosts.cancel(on, 'j');
        if (what === 'unclean') cluster.uncleanNode = 'hosta';
        if (what === 'clean') cluster.uncleanNode = undefined;
        if (what === 'late' || what === 'in time')
          cluster.ordersAreLateMs = what === 'late' ? LATE_MS : undefined;
        if (what === 'unreadable' || what === 'readable') cluster.isReadable = what === 'readable';
      }
      await clock.advance(DEADLINE_MS + 20_000);
      cluster.uncleanNode = undefined;
      cluster.isReadable = true;
      for (const each of ['hosta', 'hostb'] as const) {
        hosts.kill(each, 'lost');
        hosts.start(each);
      }
      await clock.advance(LONG_MS);
      hosts.judge(asked);
    }),
    { numRuns: 2000, includeErrorInReport: true },
  );
});
