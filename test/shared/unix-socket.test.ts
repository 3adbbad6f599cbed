import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PmError } from '../../shared/errors.ts';
import { connectOnce, listenUnix } from '../../shared/unix-socket.ts';
import { eventually } from '../support/eventually.ts';
import { fixtureCommand, fixturePath, startFixture } from '../support/run-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const NOBODY = 65534;

/** Listens, greets whoever connects, and stops with the test. */
async function listen(t: TestContext, path: string, mode = 0o600): Promise<Server> {
  const server = await listenUnix({ path, mode, onConnection: (socket) => socket.end('welcome') });
  t.after(() => server.close());
  return server;
}

async function greetingAt(path: string): Promise<string> {
  const socket = await connectOnce(path);
  const [greeting] = await once(socket, 'data');
  socket.destroy();
  return String(greeting);
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

const isError = (pattern: RegExp) => (thrown: unknown) =>
  thrown instanceof PmError && thrown.code === 'environment' && pattern.test(thrown.message);

/** What a server leaves that has no time to clean up. */
async function staleSocket(path: string): Promise<void> {
  const fixture = startFixture(fixtureCommand('listen.ts', path));
  await fixture.says(/listening/);
  fixture.process.kill('SIGKILL');
  await fixture.ended;
  assert.ok(lstatSync(path).isSocket());
}

test('a server can be reached by its path', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  await listen(t, path);
  assert.equal(await greetingAt(path), 'welcome');
});

test('the socket is born with its mode, whatever the umask, and the umask stays what it was', async (t) => {
  const directory = temporaryDirectory(t);
  for (const [mask, mode] of [
    [0, 0o600],
    [0, 0o666],
    [0o777, 0o660],
  ] as const) {
    const path = join(directory, `${mask}-${mode}`);
    const former = process.umask(mask);
    const listening = listen(t, path, mode);
    // Bound, and nobody else has had a turn yet: there is no moment with another mode.
    assert.equal(modeOf(path), mode);
    assert.equal(process.umask(former), mask);
    await listening;
    assert.equal(modeOf(path), mode);
  }
});

test('a socket that a dead server left is replaced, with the mode that is wanted now', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  await staleSocket(path);
  const former = process.umask(0);
  try {
    await listen(t, path);
  } finally {
    process.umask(former);
  }
  assert.equal(modeOf(path), 0o600);
  assert.equal(await greetingAt(path), 'welcome');
});

test('a socket that is served is never taken from its server', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  await listen(t, path);
  const before = lstatSync(path);
  await assert.rejects(
    listenUnix({ path, mode: 0o666, onConnection: () => assert.fail('nobody comes here') }),
    isError(/cannot listen on .*socket: another process already listens there; stop it first/),
  );
  assert.deepEqual([lstatSync(path).ino, lstatSync(path).mode], [before.ino, before.mode]);
  assert.equal(await greetingAt(path), 'welcome');
});

test('a server that is stopped dead in its tracks keeps its socket, even with its queue full', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  const fixture = startFixture(fixtureCommand('listen.ts', path));
  await fixture.says(/listening/);
  t.after(async () => {
    fixture.process.kill('SIGKILL');
    await fixture.ended;
  });
  fixture.process.kill('SIGSTOP');
  await assert.rejects(listen(t, path), isError(/another process already listens there/));
  const waiting: Socket[] = [];
  const fillQueue = async () => {
    for (;;) waiting.push(await connectOnce(path));
  };
  await assert.rejects(fillQueue(), { code: 'EAGAIN' });
  await assert.rejects(listen(t, path), isError(/another process already listens there/));
  for (const socket of waiting) socket.destroy();
});

test('of many servers that start at once on a stale socket one listens, and the others say why not', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  await staleSocket(path);
  const attempts = Array.from({ length: 20 }, () => listen(t, path));
  const results = await Promise.allSettled(attempts);
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
  for (const result of results) {
    if (result.status === 'rejected') assert.ok(isError(/cannot listen on/)(result.reason), result.reason);
  }
  assert.equal(await greetingAt(path), 'welcome');
});

test('what is no socket is left alone', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'file');
  writeFileSync(file, 'precious');
  const link = join(directory, 'link');
  symlinkSync('nowhere', link);
  const folder = join(directory, 'folder');
  mkdirSync(folder);
  for (const path of [file, link, folder]) {
    await assert.rejects(
      listen(t, path),
      isError(/something that is no socket is there; choose another path/),
    );
  }
  assert.equal(readFileSync(file, 'utf8'), 'precious');
  assert.ok(lstatSync(link).isSymbolicLink() && lstatSync(folder).isDirectory());
});

test('a socket of another kind is left to its owner', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  const owner = startFixture([fixturePath('receive-datagrams'), path]);
  t.after(() => owner.process.kill());
  await owner.says(/listening/);
  await assert.rejects(listen(t, path), isError(/another process already listens there/));
  assert.ok(lstatSync(path).isSocket());
});

test('a path has at most 107 bytes, however many characters that are', async (t) => {
  const directory = temporaryDirectory(t);
  const pathOf = (bytes: number, filler: string) => {
    const room = bytes - Buffer.byteLength(`${directory}/`);
    const whole = Math.floor(room / Buffer.byteLength(filler));
    return `${directory}/${filler.repeat(whole)}`.padEnd(
      bytes - whole * (Buffer.byteLength(filler) - 1),
      'x',
    );
  };
  for (const filler of ['a', 'é', '鍵']) {
    const longest = pathOf(107, filler);
    assert.equal(Buffer.byteLength(longest), 107);
    await listen(t, longest);
    assert.equal(await greetingAt(longest), 'welcome');
    const tooLong = pathOf(108, filler);
    assert.equal(Buffer.byteLength(tooLong), 108);
    const words = /at most 107 bytes and this one has 108; choose a shorter path/;
    await assert.rejects(listen(t, tooLong), isError(words));
    await assert.rejects(connectOnce(tooLong), isError(words));
  }
});

test('a missing directory is said to be missing', async (t) => {
  const path = join(temporaryDirectory(t), 'missing', 'socket');
  await assert.rejects(listen(t, path), isError(/its directory does not exist; make the directory/));
});

test('where we may not write, the remedy is said', async (t) => {
  const closed = join(temporaryDirectory(t), 'closed');
  mkdirSync(closed, { mode: 0o500 });
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  const listening = listen(t, join(closed, 'socket')); // binds, or fails to, within this call
  if (isRoot) process.seteuid?.(0);
  await assert.rejects(listening, isError(/cannot listen on .*: permission denied; run it as root/));
});

test('a client that breaks off hurts no server', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  const server = await listen(t, path);
  const connection = once(server, 'connection');
  const client = await connectOnce(path);
  client.destroy(); // with the welcome unread
  const [socket] = await connection;
  await eventually('the connection is closed', () => socket.closed === true);
  assert.equal(await greetingAt(path), 'welcome');
});

test('a connection to nobody fails with the bare system error', async (t) => {
  const directory = temporaryDirectory(t);
  await assert.rejects(connectOnce(join(directory, 'socket')), { code: 'ENOENT' });
  const path = join(directory, 'stale');
  await staleSocket(path);
  await assert.rejects(connectOnce(path), { code: 'ECONNREFUSED' });
});

test('a server out of descriptors turns clients away and lives on', async (t) => {
  const path = join(temporaryDirectory(t), 'socket');
  const command = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', ...fixtureCommand('listen.ts', path)];
  const fixture = startFixture(command);
  t.after(async () => {
    fixture.process.kill('SIGKILL');
    await fixture.ended;
  });
  await fixture.says(/listening/);
  const sockets = await Promise.all(Array.from({ length: 100 }, () => connectOnce(path)));
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.on('error', () => undefined).resume();
  await Promise.race(closed);
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  assert.equal(await greetingAt(path), 'welcome');
});
