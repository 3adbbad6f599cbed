import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printStatus } from '../../../guest/connect/print-status.ts';
import { readStatus, type Status } from '../../../guest/connect/read-status.ts';

const host = { host: 'hostA', guest: 'guest1', agent: 'x', session: 's', services: ['monitor', 'stonith'] };

const json = (state: string, lastHost: typeof host | null, fault: string | null = null) => ({
  role: 'guest',
  agent: 'vm-connectd 2.0.0',
  pid: 812,
  session: 's',
  started: '2026-01-01T00:00:00.000Z',
  port: { path: '/dev/virtio-ports/vmconnectd', kind: fault === null ? 'virtio' : null, fault },
  link: { state, since: '2026-01-01T00:00:00.000Z', forMs: 754_000, roundTripMs: 0.83, lastHost },
  requests: { open: 2, bytes: 200 },
  clients: 1,
  counters: { link: { migrations: 3, silences: 0 }, requests: { answered: 41, failed: 1 } },
});

function print(...given: Parameters<typeof json>): string {
  const status = readStatus(json(...given));
  assert.ok(status !== undefined);
  return printStatus(status);
}

test('a link that is up', () => {
  assert.equal(
    print('up', host),
    `\
host      hostA, up for 12 min, round trip 0.8 ms
guest     guest1
services  monitor, stonith
port      /dev/virtio-ports/vmconnectd (virtio)
requests  2 open, 41 answered, 1 failed
trouble   3× migrated
agent     vm-connectd 2.0.0, process 812, since 2026-01-01T00:00:00.000Z
`,
  );
});

test('what is missing says why and what to look at', () => {
  assert.match(
    print('up', { ...host, services: ['host'] }),
    /\nservices {2}none; are vm-stonithd and vm-managerd/,
  );
  assert.match(print('away', null), /^host {6}none for 12 min; is vm-connectd running on the host\?\nport/);
  assert.match(
    print('away', host),
    /^host {6}none for 12 min; the last one was hostA; is vm-connectd running on/,
  );
  assert.match(
    print('silent', host),
    /^host {6}connected but silent for 12 min; the last one was hostA; see/,
  );
  assert.match(print('greeting', null), /^host {6}connected, has not answered yet for 12 min\n/);
  const closed = print('closed', null, 'cannot open /dev/x: no such port; give the guest a channel');
  assert.match(
    closed,
    /^host {6}none, the port is not open for 12 min\nport {6}cannot open \/dev\/x: no such port;/,
  );
});

test('no status is too long for 80 columns unless one word of it is', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,40}$/), { maxLength: 40 });
  fc.assert(
    fc.property(words, words, (services, fault) => {
      const status: Status | undefined = readStatus(json('up', { ...host, services }, fault.join(' ')));
      assert.ok(status !== undefined);
      for (const line of printStatus(status).split('\n')) assert.ok(line.length <= 80, line);
    }),
  );
});

test('whatever JSON comes, reading it does not throw, and only the status of a guest is one', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(readStatus(JSON.parse(JSON.stringify(value))), undefined);
    }),
  );
  assert.ok(readStatus({ role: 'guest' }) !== undefined);
  assert.equal(readStatus({ role: 'host' }), undefined);
});
