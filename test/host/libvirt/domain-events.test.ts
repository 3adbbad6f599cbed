import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type DomainEventStream,
  followDomainEvents,
  parseDomainEvent,
} from '../../../host/libvirt/domain-events.ts';

test('what a real guest went through is read line by line', async () => {
  const text = await readFile(new URL('../../support/recorded/libvirt/events.txt', import.meta.url), 'utf8');
  const events = text.split('\n').map(parseDomainEvent);
  assert.deepEqual(
    events.map((event) => event && [event.kind, event.domain, event.event, event.detail]),
    [
      ['other', 'guest1', 'agent-lifecycle', `state: 'disconnected' reason: 'domain started'`],
      ['lifecycle', 'guest1', 'resumed', 'Unpaused'],
      ['lifecycle', 'guest1', 'started', 'Booted'],
      ['lifecycle', 'guest2', 'defined', 'Added'],
      ['lifecycle', 'guest1', 'shutdown', 'Finished after host request'],
      ['lifecycle', 'guest1', 'stopped', 'Destroyed'],
      undefined,
      undefined,
    ],
  );
});

test('a name made to look like an event is only a name', () => {
  const name = `a': Stopped Destroyed`;
  const event = parseDomainEvent(`event 'lifecycle' for domain '${name}': Started Booted`);
  assert.deepEqual(event, { kind: 'lifecycle', domain: name, event: 'started', detail: 'Booted' });
});

test('unknown lines and unknown kinds of event crash nothing', () => {
  assert.equal(parseDomainEvent('events received: 0'), undefined);
  assert.equal(parseDomainEvent(`event 'lifecycle' for domain 'x': constructor y`)?.kind, 'other');
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseDomainEvent(text)));
});

test('the stream says when it is connected, and ends when it is stopped', async () => {
  const stream = await new Promise<DomainEventStream>((resolve) => {
    const begun = followDomainEvents({
      uri: 'test:///default',
      onConnected: () => resolve(begun),
      onEvent: () => assert.fail('nothing happens there'),
    });
  });
  stream.stop();
  await stream.ended;
});

test('the stream ends with the reason when libvirt is away', async () => {
  const stream = followDomainEvents({
    uri: 'qemu+unix:///system?socket=/nonexistent',
    onConnected: () => assert.fail('there is nothing to connect to'),
    onEvent: () => assert.fail('nothing happens there'),
  });
  const { fault } = await stream.ended;
  assert.match(fault, /failed to connect to the hypervisor/);
});
