import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LINK_LIMITS, type LinkLimits } from '../../../host/connect/limits.ts';
import { GuestLink } from '../../../host/connect/link/guest-link.ts';
import type { LinkTarget } from '../../../host/connect/link/socket-source.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import { PREAMBLE, V1_TYPE } from '../../../shared/protocol/v1-frame.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { connectPeer, QemuSocket } from './peers.ts';

interface Setting {
  readonly mode?: LinkTarget['mode'];
  readonly limits?: Partial<LinkLimits>;
  readonly owner?: LinkTarget['owner'];
  readonly path?: string;
  readonly onLost?: (link: GuestLink) => void;
}

function startLink(t: TestContext, { mode = 'bind', limits = {}, owner, path, onLost }: Setting = {}) {
  const target = { mode, path: path ?? join(temporaryDirectory(t), 'guest.sock'), owner };
  const clock = new VirtualClock();
  const frames: Frame[] = [];
  const rooms: (readonly string[])[] = [];
  const lost: string[] = [];
  const link: GuestLink = new GuestLink('guest1', target, {
    clock,
    random: () => 0.5,
    log: silentLogger,
    limits: { ...LINK_LIMITS, ...limits },
    onFrame: (_guest, frame) => frames.push(frame),
    onLost: (guest) => {
      lost.push(guest);
      onLost?.(link);
    },
    onRoom: (_guest, dropped) => rooms.push(dropped),
  });
  t.after(() => link.close(true));
  const becomes = (state: string) => eventually(`the link is ${state}`, () => link.view.state === state);
  return { link, clock, frames, rooms, lost, path: target.path, becomes };
}

/** What is in its directory. */
const filesOf = (path: string) => readdirSync(dirname(path));

const replyFrame = (id: string, text: string) =>
  ({ kind: 'message', message: { type: 'reply', id, text } }) as const;

describe('a link to a socket of QEMU', () => {
  test('says the preamble first, and is up when the agent says hello', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { link, frames, becomes } = startLink(t, { path });
    const peer = await qemu.peer();
    await eventually('the preamble', () => peer.bytes.length >= PREAMBLE.length);
    assert.deepEqual(peer.bytes, PREAMBLE);
    assert.equal(link.view.state, 'mute');
    link.send(replyFrame('a', 'early'));
    peer.hello();
    await becomes('up');
    assert.equal(link.view.version, 2);
    assert.equal(link.view.peer?.name, 'inside');
    assert.equal(frames.length, 1);
    link.send(replyFrame('a', 'OK'));
    assert.deepEqual(await peer.replyTo('a'), { type: 'reply', id: 'a', text: 'OK' });
  });

  test('speaks to a guest in the version that the guest spoke last, and in no other', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { link, becomes } = startLink(t, { path });
    const peer = await qemu.peer();
    const v1 = { type: V1_TYPE.stonith, id: 'x', client: 4, text: 'off T' } as const;
    peer.sayV1(v1);
    await becomes('up');
    assert.equal(link.view.version, 1);
    link.send(replyFrame('a', 'not for version 1'));
    link.broadcast(Buffer.from('{"type":"services","services":[]}\n'));
    link.send({ kind: 'v1', frame: { ...v1, text: 'OK' } });
    await eventually('the answer', () => peer.v1Frames.length === 2);
    assert.equal(peer.messages.length, 0);
    peer.hello();
    await eventually('version 2', () => link.view.version === 2);
    link.send({ kind: 'v1', frame: v1 });
    link.send(replyFrame('b', 'OK'));
    await peer.replyTo('b');
    assert.equal(peer.v1Frames.length, 2);
    assert.equal(
      link.view.counts.dropped,
      2,
      'what was meant for this guest; a broadcast is for whom it concerns',
    );
  });

  test('is not up by the echo of its own preamble', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { link, frames } = startLink(t, { path });
    (await qemu.peer()).write(PREAMBLE);
    await eventually('the echo', () => frames.length === 1);
    assert.equal(link.view.state, 'mute');
  });

  test('is tried again for ever with a growing delay, and at once when it is poked', async (t) => {
    const { link, clock, path, becomes } = startLink(t);
    const triesAfter = async (ms: number) => {
      const before = link.view.counts.failed;
      for (let step = 0; step < 20; step++) {
        await clock.advance(ms / 20);
        await sleep(2);
      }
      return link.view.counts.failed - before;
    };
    await eventually('the first failure', () => link.view.counts.failed === 1);
    assert.match(link.view.fault ?? '', /the guest does not run here/);
    assert.ok((await triesAfter(600)) >= 2);
    await triesAfter(60_000);
    assert.ok([3, 4, 5, 6].includes(await triesAfter(60_000)), 'every 7.5 to 15 s in the end');
    const qemu = await QemuSocket.open(t, path);
    link.poke();
    await qemu.peer();
    await becomes('mute');
    qemu.close();
    await becomes('absent');
    rmSync(path, { force: true });
    await QemuSocket.open(t, path);
    await clock.advance(100);
    await becomes('mute');
    assert.equal(link.view.counts.linked, 2);
    assert.equal(link.view.counts.lost, 1);
  });

  test('goes to another socket when the guest has another one', async (t) => {
    const directory = temporaryDirectory(t);
    const [one, two] = [join(directory, 'one'), join(directory, 'two')];
    const former = await QemuSocket.open(t, one);
    const next = await QemuSocket.open(t, two);
    const { link, becomes } = startLink(t, { path: one });
    const peer = await former.peer();
    link.retarget({ mode: 'bind', path: two, owner: undefined });
    await peer.closed();
    await next.peer();
    await becomes('mute');
    assert.equal(link.view.path, two);
  });
});

const SENT_GARBAGE_BYTES = 512 * 1024;
/** At once from a socket. */
const NODE_READS_BYTES = 64 * 1024;

describe('a hostile guest', () => {
  test('that sends garbage is dropped for a time that grows, and then heard again', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { link, clock, lost, becomes } = startLink(t, { path, limits: { garbageBytes: 1_000 } });
    for (const [round, penaltyMs] of [750, 1_500, 3_000].entries()) {
      const peer = await qemu.peer(round);
      peer.hello();
      await becomes('up');
      peer.write(Buffer.alloc(2_000, 'x'));
      await peer.closed();
      assert.equal(link.view.state, 'penalty');
      link.poke();
      await clock.advance(penaltyMs - 1);
      assert.equal(qemu.peers.length, round + 1);
      assert.equal(lost.length, round, 'told only when its penalty is over');
      await clock.advance(1);
      assert.equal(lost.length, round + 1, 'nobody watched who is there now');
    }
    const last = await qemu.peer(3);
    last.hello();
    await becomes('up');
    last.socket.destroy();
    await eventually('its loss is told', () => lost.length === 4);
    assert.equal(link.view.counts.penalties, 3);
    assert.ok(link.view.counts.garbageBytes >= 6_000);
  });

  test('whose socket is not sure to be its own any more when its penalty is over is not linked to it', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const another = join(temporaryDirectory(t), 's');
    const [qemu, other] = [await QemuSocket.open(t, path), await QemuSocket.open(t, another)];
    const decisions = [
      (link: GuestLink) => link.retarget({ mode: 'bind', path: another, owner: undefined }),
      (link: GuestLink) => link.close(true),
    ];
    const onLost = (link: GuestLink) => decisions.shift()?.(link);
    const { link, clock } = startLink(t, { path, limits: { garbageBytes: 1_000 }, onLost });
    (await qemu.peer()).write(Buffer.alloc(2_000, 'x'));
    await eventually('the penalty', () => link.view.state === 'penalty');
    await clock.advance(750);
    const peer = await other.peer();
    await eventually('the other socket', () => link.view.state === 'mute');
    peer.write(Buffer.alloc(2_000, 'x'));
    await eventually('the next penalty', () => link.view.state === 'penalty');
    await clock.advance(60_000);
    await sleep(30);
    assert.deepEqual([qemu.peers.length, other.peers.length, link.view.state], [1, 1, 'absent']);
  });

  test('that sends much at once is read a little at a time, so that others have their turn', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { clock, frames } = startLink(t, { path });
    const peer = await qemu.peer();
    peer.write(Buffer.alloc(200 * PREAMBLE.length));
    await eventually('some of it', () => frames.length > 0);
    for (let turns = 1; frames.length < 200; turns++) {
      const read = frames.length;
      await sleep(1);
      assert.equal(frames.length, read, 'no more in this turn');
      await clock.advance(1);
      assert.ok(frames.length - read <= 10, `${frames.length - read} frames in one turn`);
      assert.ok(turns < 200, 'it is read on');
    }
  });

  test('that sends much garbage is read a little at a time, too', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { link, clock } = startLink(t, { path, limits: { garbageBytes: 2 * SENT_GARBAGE_BYTES } });
    const peer = await qemu.peer();
    peer.write(Buffer.alloc(SENT_GARBAGE_BYTES, 'x'));
    const decoded = () => link.view.counts.garbageBytes;
    await eventually('some of it', () => link.view.counts.bytesIn > 0);
    for (let before = 0; before < SENT_GARBAGE_BYTES; await clock.advance(1)) {
      await sleep(5);
      const inOneTurn = decoded() - before;
      assert.ok(inOneTurn <= NODE_READS_BYTES, `${inOneTurn} bytes in one turn`);
      before = decoded();
    }
  });

  test('that sends too many frames is not read until it is within the limit', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { link, clock, frames } = startLink(t, { path, limits: { frames: { perSecond: 100, burst: 50 } } });
    const peer = await qemu.peer();
    peer.write('{"type":"ping","nonce":1}\n'.repeat(150));
    const passUntil = async (isSo: () => boolean) => {
      while (!isSo()) {
        await clock.advance(1);
        await sleep(1);
      }
    };
    await passUntil(() => link.view.counts.throttled === 1);
    const atOnce = frames.length;
    assert.ok(atOnce > 50 && atOnce <= 70, `${atOnce} at once`);
    await clock.advance(100);
    await sleep(30);
    assert.equal(frames.length, atOnce, 'nothing before the debt is paid');
    await passUntil(() => frames.length === 150);
  });

  test('that does not read is not read, and gets the answers that it missed when it reads', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const qemu = await QemuSocket.open(t, path);
    const { link, frames, rooms, becomes } = startLink(t, { path, limits: { waitingBytes: 10_000 } });
    const peer = await qemu.peer();
    peer.hello();
    await becomes('up');
    peer.socket.pause();
    let sent = 0;
    while (link.view.counts.unread === 0) {
      link.send(replyFrame('bulk', 'x'.repeat(5_000)), `bulk${sent++}`);
      await sleep(1);
    }
    link.send(replyFrame('missed', 'x'.repeat(5_000)), 'missed');
    peer.say({ type: 'ping', nonce: 1 });
    await sleep(30);
    assert.equal(frames.length, 1, 'it is not read');
    assert.deepEqual(rooms, []);
    peer.socket.resume();
    await eventually('there is room', () => rooms.length === 1);
    assert.deepEqual(rooms[0], [`bulk${sent - 1}`, 'missed']);
    await eventually('it is read', () => frames.length === 2);
  });
});

describe('a socket that QEMU connects to', () => {
  test('is there for root only until libvirt hands it to QEMU, and greets who connects', async (t) => {
    const { link, path, becomes } = startLink(t, { mode: 'connect' });
    await becomes('listening');
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    const peer = await connectPeer(t, path);
    await eventually('the preamble', () => peer.bytes.equals(PREAMBLE));
    peer.hello();
    await becomes('up');
    peer.socket.destroy();
    await becomes('listening');
    await connectPeer(t, path);
    await becomes('mute');
    assert.equal(link.view.counts.linked, 2);
  });

  test('has one connection at a time: a second one waits, unread, until the first is closed', async (t) => {
    const { link, path, frames, becomes } = startLink(t, { mode: 'connect' });
    await becomes('listening');
    const first = await connectPeer(t, path);
    first.hello('first');
    await becomes('up');
    const second = await connectPeer(t, path);
    second.hello('second');
    const third = await connectPeer(t, path);
    third.hello('third');
    await second.closed();
    await sleep(30);
    assert.equal(link.view.peer?.session, 'first');
    assert.equal(third.bytes.length, 0);
    assert.equal(frames.length, 1);
    first.socket.destroy();
    await eventually('the one that waited', () => link.view.peer?.session === 'third');
    assert.equal(link.view.counts.secondConnections, 2);
    assert.ok(third.bytes.subarray(0, PREAMBLE.length).equals(PREAMBLE));
  });

  test('is not closed for garbage, for QEMU may never come back: it is held, and greeted again', async (t) => {
    const { link, clock, path, frames, becomes } = startLink(t, {
      mode: 'connect',
      limits: { garbageBytes: 1_000 },
    });
    await becomes('listening');
    const peer = await connectPeer(t, path);
    peer.hello();
    await becomes('up');
    peer.write(`${'x'.repeat(2_000)}{"half":`);
    await becomes('penalty');
    peer.hello('again');
    await sleep(30);
    assert.equal(frames.length, 1);
    await clock.advance(750);
    await becomes('up');
    assert.equal(link.view.peer?.session, 'again');
    assert.equal(peer.v1Frames.length, 2, 'two preambles');
    assert.equal(peer.isClosed, false);
  });

  test('that is closed while it is held for garbage is lost like any other', async (t) => {
    const { clock, path, lost, becomes } = startLink(t, { mode: 'connect', limits: { garbageBytes: 1_000 } });
    await becomes('listening');
    const peer = await connectPeer(t, path);
    peer.write('x'.repeat(2_000));
    await becomes('penalty');
    peer.socket.destroy();
    // It is held unread: the end of its stream shows when it is read again, or when something is written.
    await clock.advance(750);
    await becomes('listening');
    assert.deepEqual(lost, ['guest1']);
  });

  test('keeps the owner that a former daemon gave it, or takes the one of the running guest', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const former = startLink(t, { mode: 'connect', path, owner: { uid: 12, gid: 34 } });
    await former.becomes('listening');
    former.link.close(false);
    assert.equal(lstatSync(path).uid, 12, 'its file stays');
    const next = startLink(t, { mode: 'connect', path });
    await next.becomes('listening');
    assert.deepEqual([lstatSync(path).uid, lstatSync(path).gid], [12, 34]);
    next.link.retarget({ mode: 'connect', path, owner: { uid: 56, gid: 78 } });
    assert.deepEqual([lstatSync(path).uid, lstatSync(path).gid], [56, 78]);
    next.link.close(true);
    assert.equal(existsSync(path), false);
  });

  test('is made anew when somebody has removed it, and who is connected stays so', async (t) => {
    const { link, path, becomes } = startLink(t, { mode: 'connect' });
    await becomes('listening');
    const peer = await connectPeer(t, path);
    peer.hello();
    await becomes('up');
    rmSync(path);
    link.attend();
    await eventually('the file is there', () => existsSync(path));
    assert.equal(link.view.state, 'up');
    peer.socket.destroy();
    await becomes('listening');
    await connectPeer(t, path);
    await becomes('mute');
  });

  test('is put back also when we stop at that moment: a guest may start before the next daemon', async (t) => {
    const { link, path, becomes } = startLink(t, { mode: 'connect' });
    await becomes('listening');
    rmSync(path);
    link.attend();
    link.close(false);
    await eventually('only the file is there', () => filesOf(path).join() === basename(path));
    assert.ok(lstatSync(path).isSocket());
  });

  test('leaves the place alone when its guest has gone meanwhile, and the next one keeps it', async (t) => {
    const former = startLink(t, { mode: 'connect' });
    const { path } = former;
    await former.becomes('listening');
    rmSync(path);
    former.link.attend();
    former.link.close(true);
    const next = startLink(t, { mode: 'connect', path });
    await next.becomes('listening');
    await eventually('nothing is left of the former', () => filesOf(path).join() === basename(path));
    await connectPeer(t, path);
    await next.becomes('mute');
  });

  test('that cannot be made anew says so, and when it is in order again; who is connected stays so', async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'deep', 's');
    mkdirSync(join(directory, 'deep'));
    const { link, becomes } = startLink(t, { mode: 'connect', path });
    await becomes('listening');
    const peer = await connectPeer(t, path);
    peer.hello();
    await becomes('up');
    rmSync(join(directory, 'deep'), { recursive: true });
    link.attend();
    await eventually('it is said', () => /finds no socket any more/.test(link.view.fault ?? ''));
    assert.equal(link.view.state, 'up');
    assert.equal(link.view.counts.troubles, 1);
    mkdirSync(join(directory, 'deep'));
    link.attend();
    await eventually('it is in order', () => link.view.fault === undefined);
    assert.ok(existsSync(path));
  });

  test('takes the place of nothing that is alive or no socket', async (t) => {
    const directory = temporaryDirectory(t);
    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    const onFile = startLink(t, { mode: 'connect', path: file });
    await eventually('it fails', () => onFile.link.view.fault !== undefined);
    assert.match(onFile.link.view.fault ?? '', /no socket is there/);
    assert.ok(lstatSync(file).isFile());
    const live = await QemuSocket.open(t, join(directory, 'live'));
    const onLive = startLink(t, { mode: 'connect', path: live.path });
    await eventually('it fails', () => onLive.link.view.fault !== undefined);
    assert.match(onLive.link.view.fault ?? '', /another process already listens there/);
    live.close();
    await onLive.clock.advance(100);
    await onLive.becomes('listening');
  });
});
