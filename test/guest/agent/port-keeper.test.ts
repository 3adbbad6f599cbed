import assert from 'node:assert/strict';
import { constants, openSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { LinuxPortBinding } from '@serialport/bindings-cpp';
import { type OpenPort, portError } from '../../../guest/agent/open-port.ts';
import { PortKeeper } from '../../../guest/agent/port-keeper.ts';
import type { PortStream } from '../../../guest/agent/port-stream.ts';
import { createLogger } from '../../../shared/log.ts';
import { eventually } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { LINE, makeFifo } from './stand-in.ts';

/** A keeper whose ports are what `next` says, on a virtual clock. */
function keeperOf(t: TestContext, next: (path: string) => OpenPort) {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const log: string[] = [];
  const streams: PortStream[] = [];
  const triesAtMs: number[] = [];
  const keeper = new PortKeeper({
    path: '/dev/port',
    clock,
    random: () => 0.999_999,
    log: createLogger({
      program: 'test',
      format: 'journal',
      level: 'debug',
      wallMs: () => clock.wallMs(),
      write: (line) => void log.push(line.trim()),
    }),
    open: async (path) => {
      triesAtMs.push(Math.round(clock.nowMs()));
      return next(path);
    },
    onOpen: (stream) => {
      seen.push('open');
      streams.push(stream);
      stream.resume();
    },
    onThere: () => void seen.push('there'),
    onAway: () => void seen.push('away'),
    onLost: () => void seen.push('lost'),
  });
  t.after(() => keeper.end());
  return { clock, keeper, streams, seen, log, triesAtMs };
}

/** Held open for writing too, so that a host is always there. */
const fifoPort = (path: string): OpenPort => ({
  kind: 'virtio',
  binding: new LinuxPortBinding(openSync(path, constants.O_RDWR | constants.O_NONBLOCK), LINE),
});

function refuse(code: string): never {
  throw portError('/dev/port', Object.assign(new Error(code), { code }));
}

test('a port that is refused is tried for ever with a growing delay, and each fault is said once', async (t) => {
  let code = 'ENOENT';
  const { clock, keeper, log, triesAtMs } = keeperOf(t, () => refuse(code));
  await keeper.start();
  await clock.advance(60_000);
  assert.deepEqual(triesAtMs.slice(0, 8), [0, 250, 750, 1_750, 3_750, 7_750, 12_750, 17_750]);
  assert.equal(log.length, 1);
  assert.match(log[0] ?? '', /^<3>cannot open \/dev\/port: no such port/);
  code = 'EBUSY';
  await clock.advance(60_000);
  assert.equal(log.length, 2);
  assert.match(log[1] ?? '', /another program holds the port/);
  assert.match(keeper.status.fault ?? '', /another program holds the port/);
});

test('a port that is lost is opened again, and its host is announced anew', async (t) => {
  const path = makeFifo(t);
  const { clock, keeper, streams, seen, log } = keeperOf(t, () => fifoPort(path));
  await keeper.start();
  await eventually('there', () => seen.includes('there'));
  assert.deepEqual(keeper.status, { path: '/dev/port', kind: 'virtio', fault: undefined });
  streams[0]?.destroy(new Error('ENODEV'));
  await eventually('lost', () => seen.includes('lost'));
  await clock.advance(250);
  await eventually('there again', () => seen.filter((word) => word === 'there').length === 2);
  assert.deepEqual(seen, ['open', 'there', 'lost', 'open', 'there']);
  assert.equal(log.filter((line) => line.startsWith('<4>port lost')).length, 1);
});

test('another path closes the former port and opens the new one', async (t) => {
  const path = makeFifo(t);
  const asked: string[] = [];
  const { keeper, seen } = keeperOf(t, (wanted) => {
    asked.push(wanted);
    return fifoPort(path);
  });
  await keeper.start();
  await keeper.changePath('/dev/port');
  await keeper.changePath('/dev/other');
  assert.deepEqual(asked, ['/dev/port', '/dev/other']);
  assert.deepEqual(
    seen.filter((word) => word !== 'there'),
    ['open', 'lost', 'open'],
  );
  assert.equal(keeper.status.path, '/dev/other');
});

test('once ended, nothing is tried any more', async (t) => {
  const { clock, keeper, triesAtMs } = keeperOf(t, () => refuse('ENOENT'));
  await keeper.start();
  await keeper.end();
  await clock.advance(60_000);
  assert.deepEqual(triesAtMs, [0]);
  assert.equal(clock.pendingTimers, 0);
});
