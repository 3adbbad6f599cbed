/** The daemon as a real process on real sockets, with peers that play guests of both versions and services. */
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../../shared/log.ts';
import { ServiceClient } from '../../../shared/protocol/service-client.ts';
import { PREAMBLE, V1_TYPE, writeV1Frame } from '../../../shared/protocol/v1-frame.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { DaemonProcess, isThere, runProgram, socketIn } from './daemon-process.ts';
import { connectPeer, type Peer, QemuSocket, startService } from './peers.ts';

async function startWith(t: TestContext, ...guests: string[]) {
  const directory = temporaryDirectory(t);
  const sockets = await Promise.all(guests.map((guest) => QemuSocket.open(t, socketIn(directory, guest))));
  const daemon = await DaemonProcess.start(t, guests, directory);
  return { daemon, sockets };
}

async function greeted(qemu: QemuSocket | undefined, number = 0): Promise<Peer> {
  assert.ok(qemu);
  const peer = await qemu.peer(number);
  await eventually('the preamble', () => peer.bytes.length >= PREAMBLE.length);
  peer.hello();
  await peer.message('hello');
  return peer;
}

const request = (id: string, service: string, text: string) =>
  ({ type: 'request', id, service, text, deadlineMs: 15_000 }) as const;

describe('requests', () => {
  test('reach the service and their answers the guest that asked, side by side', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1', 'guest2');
    const [one, two] = [await greeted(sockets[0]), await greeted(sockets[1])];
    one.say(request('early', 'monitor', 'x'));
    assert.match(JSON.stringify(await one.replyTo('early')), /service-away.*"retry":true/);
    const service = await startService(t, daemon.socket, 'monitor');
    assert.deepEqual(await one.message('services'), { type: 'services', services: ['host', 'monitor'] });
    for (let number = 0; number < 50; number++) {
      one.say(request(`a${number}`, 'monitor', `one ${number}`));
      two.say(request(`a${number}`, 'monitor', `two ${number}`));
    }
    for (let number = 0; number < 50; number++) {
      assert.deepEqual(await one.replyTo(`a${number}`), {
        type: 'reply',
        id: `a${number}`,
        text: `guest1: one ${number}`,
      });
      assert.deepEqual(await two.replyTo(`a${number}`), {
        type: 'reply',
        id: `a${number}`,
        text: `guest2: two ${number}`,
      });
    }
    assert.equal(service.messages.filter(({ type }) => type === 'request').length, 100);
  });

  test('that a service answers with what is no answer end at once, with an error', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1');
    const guest = await greeted(sockets[0]);
    const service = await startService(t, daemon.socket, 'monitor');
    service.onFrame = () => {};
    guest.say(request('a', 'monitor', 'x'));
    await service.message('request');
    service.write('{"type":"reply","guest":"guest1","id":"a","error":{"code":"x"}}\n');
    assert.match(JSON.stringify(await guest.replyTo('a')), /bad-reply/);
    const { counters } = await daemon.status();
    assert.equal(counters['local']?.['badMessages'], 1);
  });

  test('that claim to be from another guest are the sender’s own', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1', 'guest2');
    const [one, two] = [await greeted(sockets[0]), await greeted(sockets[1])];
    await startService(t, daemon.socket, 'stonith');
    one.say({ ...request('a', 'stonith', 'off T'), guest: 'guest2' });
    assert.match(JSON.stringify(await one.replyTo('a')), /guest1: off T/);
    one.sayV1({ type: V1_TYPE.stonith, id: 'b', client: 3, text: 'off T' }, 2);
    await eventually('the answer of version 1', () =>
      one.v1Frames.some(({ text }) => text === 'guest1: off T'),
    );
    assert.equal(two.repliesTo('a'), 0);
  });

  test('of version 1 are answered in version 1, byte by byte, beside guests of version 2', async (t) => {
    const { daemon, sockets } = await startWith(t, 'old', 'new');
    const [qemu] = sockets;
    assert.ok(qemu);
    const old = await qemu.peer();
    const young = await greeted(sockets[1]);
    const asks = (id: string, client: number, text: string) =>
      writeV1Frame({ type: V1_TYPE.stonith, id, client, text }) ?? Buffer.alloc(0);
    const answer = (type: 0 | 1 | 2 | 3, id: string, client: number, text: string) =>
      writeV1Frame({ type, id, client, text }) ?? Buffer.alloc(0);
    const expected = [PREAMBLE];
    const hears = async (what: string, ...frames: Buffer[]) => {
      expected.push(...frames);
      const bytes = Buffer.concat(expected);
      await eventually(what, () => old.bytes.length >= bytes.length);
      assert.deepEqual(old.bytes, bytes, what);
    };
    await hears('the preamble');
    old.write(asks('one', 7, 'off T'));
    await hears('service not connected', answer(3, 'one', 7, ''));
    await startService(t, daemon.socket, 'stonith', (text) => (text === 'hang' ? undefined : `did ${text}`));
    const bytes = asks('one', 7, 'off T');
    for (const byte of bytes) {
      old.write(Buffer.from([byte]));
      if (byte === 0x54) await sleep(5);
    }
    await hears('an answer to a header that came in pieces', answer(1, 'one', 7, 'did off T'));
    old.write(Buffer.concat([asks('two', 8, 'on T'), asks('three', 9, 'status T')]));
    await hears(
      'answers to two in one write',
      answer(1, 'two', 8, 'did on T'),
      answer(1, 'three', 9, 'did status T'),
    );
    old.write(Buffer.concat([asks('four', 1, 'hang'), asks('four', 2, 'timeout'), asks('five', 3, 'on U')]));
    await hears('nothing for what was cancelled', answer(1, 'five', 3, 'did on U'));
    young.say(request('x', 'stonith', 'off V'));
    assert.match(JSON.stringify(await young.replyTo('x')), /did off V/);
    assert.deepEqual((await daemon.guest('old'))?.version, 1);
  });

  test('to the host itself are answered without any service', async (t) => {
    const { sockets } = await startWith(t, 'guest1');
    const guest = await greeted(sockets[0]);
    guest.say(request('p', 'host', 'ping'));
    assert.deepEqual(await guest.replyTo('p'), { type: 'reply', id: 'p', text: 'pong' });
    guest.say({ type: 'ping', nonce: 77 });
    assert.deepEqual(await guest.message('pong'), { type: 'pong', nonce: 77 });
  });
});

describe('losses', () => {
  test('kill -9 of the daemon: guests are greeted anew, and what they ask again is answered', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1');
    const before = await greeted(sockets[0]);
    await startService(t, daemon.socket, 'stonith', () => undefined);
    before.say(request('a', 'stonith', 'off T'));
    await eventually('it is under way', () => before.messages.length > 0);
    await daemon.killAndRestart();
    await before.closed();
    await startService(t, daemon.socket, 'stonith');
    const after = await greeted(sockets[0], 1);
    assert.notEqual((await after.message('hello')).session, (await before.message('hello')).session);
    after.say(request('a', 'stonith', 'off T'));
    assert.match(JSON.stringify(await after.replyTo('a')), /guest1: off T/);
  });

  test('kill -9 of the daemon: what is called off meanwhile, or next, is called off at the service that works on it', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1');
    const guest = await greeted(sockets[0]);
    const jobs: string[] = [];
    const called: string[] = [];
    const service = new ServiceClient({
      socketPath: daemon.socket,
      service: 'stonith',
      log: silentLogger,
      onRequest: ({ id }) => jobs.push(id),
      onCancel: ({ id }) => called.push(id),
    });
    t.after(() => service.stop());
    await eventually('the service is there', () => service.state === 'registered');
    for (const id of ['meanwhile', 'next']) guest.say(request(id, 'stonith', 'off T'));
    await eventually('both are in work', () => jobs.length === 2);
    await daemon.killAndRestart();
    const again = await greeted(sockets[0], 1);
    again.say({ type: 'cancel', id: 'meanwhile' });
    await eventually('the first is called off', () => called.join() === 'meanwhile');
    await eventually('the service is back', () => service.state === 'registered');
    again.say({ type: 'cancel', id: 'next' });
    await eventually('the second, too', () => called.join() === 'meanwhile,next');
    assert.equal(service.jobsInWork, 0);
  });

  test('kill -9 of a service: the one that comes after is asked, and the guest answered once', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1');
    const guest = await greeted(sockets[0]);
    const first = await startService(t, daemon.socket, 'stonith', () => undefined);
    guest.say(request('a', 'stonith', 'off T'));
    await first.message('request');
    first.socket.destroy();
    const gone = await guest.message('services', 1);
    assert.deepEqual(gone.services, ['host']);
    await startService(t, daemon.socket, 'stonith');
    assert.match(JSON.stringify(await guest.replyTo('a')), /guest1: off T/);
    guest.say({ type: 'ping', nonce: 1 });
    await guest.message('pong');
    assert.equal(guest.repliesTo('a'), 1);
  });

  test('of the guest: its answer waits for it, and the next connection is greeted', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1');
    const guest = await greeted(sockets[0]);
    const held: (() => void)[] = [];
    const service = await startService(t, daemon.socket, 'stonith', () => undefined);
    service.onFrame = (frame) => {
      if (frame.kind === 'message' && frame.message.type === 'request')
        held.push(() => service.say({ type: 'reply', guest: 'guest1', id: 'a', text: 'OK' }));
    };
    guest.say(request('a', 'stonith', 'off T'));
    await eventually('the service has it', () => held.length === 1);
    guest.socket.destroy();
    const again = await greeted(sockets[0], 1);
    for (const answer of held) answer();
    await eventually('the answer is there', async () => true);
    again.say(request('a', 'stonith', 'off T'));
    assert.match(JSON.stringify(await again.replyTo('a')), /"text":"OK"/);
    assert.equal(held.length, 1, 'it was asked once');
  });

  test('a socket that appears is linked to at once, and the guest that stops is waited for', async (t) => {
    const daemon = await DaemonProcess.start(t, ['guest1']);
    await sleep(1_000);
    const startedMs = performance.now();
    const first = await QemuSocket.open(t, daemon.socketOf('guest1'));
    await greeted(first);
    assert.ok(performance.now() - startedMs < 500, 'by event and not by back-off');
    first.close();
    await eventually('the socket is gone', () => !isThere(daemon.socketOf('guest1')));
    await sleep(300);
    await greeted(await QemuSocket.open(t, daemon.socketOf('guest1')));
  });
});

describe('the daemon', () => {
  test('follows its configuration at SIGHUP, and keeps the old one when the new is wrong', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1');
    await greeted(sockets[0]);
    const added = await QemuSocket.open(t, daemon.socketOf('guest2'));
    daemon.setGuests(['guest1', 'guest2']);
    daemon.run.process.kill('SIGHUP');
    await greeted(added);
    appendFileSync(daemon.config, '[guest guest3]\npath = not/absolute\n');
    daemon.run.process.kill('SIGHUP');
    await eventually('it complains', () =>
      daemon.run.stderr().includes('the former configuration stays in force'),
    );
    assert.equal((await daemon.status()).guests.length, 2);
    daemon.setGuests(['guest2']);
    daemon.run.process.kill('SIGHUP');
    await (await sockets[0]?.peer())?.closed();
    assert.deepEqual(
      (await daemon.status()).guests.map(({ name }) => name),
      ['guest2'],
    );
  });

  test('stops at SIGTERM with status 0 and leaves no socket', async (t) => {
    const { daemon, sockets } = await startWith(t, 'guest1');
    const guest = await greeted(sockets[0]);
    daemon.run.process.kill('SIGTERM');
    assert.equal(await daemon.run.ended, 0);
    await guest.closed();
    assert.equal(isThere(daemon.socket), false);
  });

  test('stops at once even while libvirt is stuck', async (t) => {
    const world = temporaryDirectory(t);
    writeFileSync(join(world, 'stuck'), '');
    const daemon = await DaemonProcess.start(t, ['guest1'], temporaryDirectory(t), {
      PATH: `${join(import.meta.dirname, 'fixtures')}:${process.env['PATH']}`,
      VIRSH_WORLD: world,
    });
    await eventually('libvirt is asked', () => isThere(join(world, 'calls')));
    const startMs = performance.now();
    daemon.run.process.kill('SIGTERM');
    assert.equal(await daemon.run.ended, 0);
    assert.ok(performance.now() - startMs < 5_000);
  });

  test('does not take the socket of another one that runs', async (t) => {
    const { daemon } = await startWith(t);
    const second = runProgram(['-t', 'host', '--config', daemon.config]);
    assert.equal(await second.ended, 1);
    assert.match(second.stderr(), /another process already listens there; stop it first/);
    await daemon.status();
  });

  test('tells a service that its name is taken, and frees it when the holder is gone', async (t) => {
    const { daemon } = await startWith(t);
    const holder = await startService(t, daemon.socket, 'stonith');
    const other = await connectPeer(t, daemon.socket);
    for (const service of ['stonith', 'agent', 'host']) other.say({ type: 'register', service });
    const refusals = () => other.messages.filter((message) => message.type === 'error');
    await eventually('three refusals', () => refusals().length === 3);
    assert.deepEqual(
      refusals().map(({ code, message }) => `${code}: ${message}`),
      [
        'taken: another connection holds the service stonith',
        'taken: the service agent is this daemon itself',
        'taken: the service host is this daemon itself',
      ],
    );
    holder.socket.destroy();
    await eventually('it is free', () => {
      other.say({ type: 'register', service: 'stonith' });
      return other.messages.some(({ type }) => type === 'registered');
    });
  });

  test('tells the service whose name is one too many that it is, not that it is held', async (t) => {
    const { daemon } = await startWith(t);
    const peer = await connectPeer(t, daemon.socket);
    for (let number = 1; number <= 31; number++) peer.say({ type: 'register', service: `service-${number}` });
    const { code, message } = await peer.message('error');
    assert.equal(code, 'taken');
    assert.match(message, /^32 names of services are known already/);
    assert.equal(
      peer.messages.filter(({ type }) => type === 'registered').length,
      30,
      'beside the standard two',
    );
  });

  test('answers local programs that speak nonsense, and goes on', async (t) => {
    const { daemon } = await startWith(t);
    const peer = await connectPeer(t, daemon.socket);
    peer.write('nonsense\n{"type":"request"}\n{"type":"unknown"}\n');
    peer.say({ type: 'reply', id: 'a', text: 'OK' });
    peer.say({ type: 'services', services: [] });
    peer.say(request('a', 'stonith', 'off T'));
    peer.say(request('b', 'agent', 'unknown'));
    peer.say(request('c', 'host', 'ping'));
    assert.match(JSON.stringify(await peer.replyTo('a')), /unknown-service/);
    assert.match(JSON.stringify(await peer.replyTo('b')), /bad-request/);
    assert.match(JSON.stringify(await peer.replyTo('c')), /pong/);
    assert.ok(peer.messages.filter(({ type }) => type === 'error').length >= 3);
  });
});
