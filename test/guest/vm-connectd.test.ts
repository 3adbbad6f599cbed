/** vm-connectd -t guest as a process, between vm-connect and a fake host on a pty. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { makePty } from './agent/stand-in.ts';
import { FakeHost } from './fake-host.ts';
import { guestSide, kill, start } from './guest-side.ts';

const sayOk = () => ({ text: 'OK' });

test('the agent introduces itself behind a line end, and a request is answered', async (t) => {
  const side = await guestSide(t);
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA', answer: sayOk });
  await side.startAgent();
  const [hello] = await host.awaits('hello');
  assert.equal(hello?.['version'], 2);
  assert.match(String(hello?.['agent']), /^vm-connectd \d/);
  assert.match(String(hello?.['session']), /^[0-9a-f-]{36}$/);
  assert.ok(host.bytes.startsWith('\n{'), 'half a frame of whoever spoke before ends with the first byte');
  assert.equal(statSync(side.socket).mode & 0o777, 0o600);
  const answer = await side.askToEnd('-t', 'stonith', '-r', 'off TOKEN', '-i', 'one');
  assert.deepEqual(answer, { exitCode: 0, stdout: 'OK\n', stderr: '' });
  const [request] = host.of('request');
  assert.equal(request?.['id'], 'one');
  assert.equal(request?.['service'], 'stonith');
  assert.equal(request?.['text'], 'off TOKEN');
  assert.ok(Number(request?.['deadlineMs']) > 115_000 && Number(request?.['deadlineMs']) <= 120_000);
  assert.ok(!('reply' in (request ?? {})) && !('impatient' in (request ?? {})), 'local members stay local');
});

test('a host that dies in the middle is replaced by another, and the asker never notices', async (t) => {
  const side = await guestSide(t);
  const first = await FakeHost.link(side.pty.socket, { host: 'hostA' });
  await side.startAgent();
  const asking = await side.ask('-t', 'stonith', '-r', 'off TOKEN', '-i', 'one');
  await first.awaits('request');
  first.write('{"type":"reply","id":"one","te');
  await first.die();
  const second = await FakeHost.link(side.pty.socket, { host: 'hostB', answer: sayOk });
  assert.deepEqual(await asking.ended, { exitCode: 0, stdout: 'OK\n', stderr: '' });
  assert.deepEqual(
    second.of('request').map((frame) => frame['id']),
    ['one'],
  );
  const { counters, link } = JSON.parse((await side.askToEnd('status', '--json')).stdout);
  assert.equal(link.lastHost.host, 'hostB');
  assert.equal(counters.link.migrations, 1);
});

test('an agent that is killed in the middle is asked again under the same id, and answered once', async (t) => {
  const side = await guestSide(t);
  let isOver = false;
  const host = await FakeHost.link(side.pty.socket, {
    host: 'hostA',
    answer: () => (isOver ? { text: 'OK' } : undefined),
  });
  const agent = await side.startAgent();
  const asking = await side.ask('-t', 'stonith', '-r', 'off TOKEN', '-i', 'one', '--timeout', '20');
  await host.awaits('request');
  await kill(agent, 'SIGKILL');
  isOver = true;
  await side.startAgent();
  assert.deepEqual(await asking.ended, { exitCode: 0, stdout: 'OK\n', stderr: '' });
  assert.deepEqual(
    host.of('request').map((frame) => frame['id']),
    ['one', 'one'],
  );
  assert.deepEqual(host.of('cancel'), []);
});

test('a regular stop takes the socket away, cancels nothing, and the next agent goes on', async (t) => {
  const side = await guestSide(t);
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA' });
  const agent = await side.startAgent();
  const asking = await side.ask('-t', 'stonith', '-r', 'off TOKEN', '-i', 'one', '--timeout', '20');
  await host.awaits('request');
  assert.equal((await kill(agent, 'SIGTERM')).exitCode, 0);
  assert.equal(existsSync(side.socket), false);
  await side.startAgent();
  await host.awaits('request', 2);
  host.send({ type: 'reply', id: 'one', text: 'OK' });
  assert.equal((await asking.ended).stdout, 'OK\n');
  assert.deepEqual(host.of('cancel'), []);
});

test('when the asker goes away the host is told to cancel', async (t) => {
  const side = await guestSide(t);
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA' });
  await side.startAgent();
  const asking = await side.ask('-t', 'stonith', '-r', 'off TOKEN', '-i', 'one');
  await host.awaits('request');
  await kill(asking, 'SIGKILL');
  assert.deepEqual(await host.awaits('cancel'), [{ type: 'cancel', id: 'one' }]);
});

test('garbage and half frames are counted, and the next good frame is understood', async (t) => {
  const side = await guestSide(t);
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA', answer: sayOk });
  await side.startAgent();
  await host.awaits('hello');
  host.write(
    Buffer.from('no frame\n{"type":5}\n\u0001\u0002\u0003{{{\n{"type":"services"}\n{"type":"new"}\n'),
  );
  host.write(`{"type":"reply","id":"${'x'.repeat(100_000)}\n`);
  assert.equal((await side.askToEnd('-t', 'monitor', '-r', 'a')).stdout, 'OK\n');
  const { frames } = JSON.parse((await side.askToEnd('status', '--json')).stdout).counters;
  assert.ok(frames.garbageRuns >= 3, JSON.stringify(frames));
  assert.equal(frames.badMessages, 1);
  assert.equal(frames.unknownTypes, 1);
});

test('what a local program says wrong is told it, and its other requests go on', async (t) => {
  const side = await guestSide(t);
  await FakeHost.link(side.pty.socket, { host: 'hostA', answer: sayOk });
  await side.startAgent();
  const socket = connect(side.socket);
  t.after(() => socket.destroy());
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const frames = [
    { type: 'register', service: 'stonith' },
    { type: 'request', id: 'bad', service: 'stonith', text: 'off', deadlineMs: 0 },
    { type: 'request', id: 'none', service: 'agent', text: 'nonsense', deadlineMs: 5 },
    { type: 'reply', id: 'x', text: 'OK' },
    { type: 'cancel', id: '' },
    { type: 'newer than us' },
    { type: 'ping', nonce: 7 },
    { type: 'request', id: 'good', service: 'stonith', text: 'off', deadlineMs: 5_000 },
  ];
  socket.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''));
  await eventually('the last is answered', () => said.includes('"good"'));
  const answers = said.trim().split('\n').slice(1);
  const expected = [
    /^{"type":"error","code":"bad-request","message":"services register with vm-connectd on the host/,
    /^{"type":"reply","id":"bad","error":{"code":"bad-request","message":"deadlineMs has to be a whole number/,
    /^{"type":"reply","id":"none","error":{"code":"bad-request","message":"the agent understands status/,
    /^{"type":"error","code":"bad-request","message":"reply is not for an agent"}$/,
    /^{"type":"error","code":"bad-request","message":"id has to be 1 to 63 characters/,
    /^{"type":"pong","nonce":7}$/,
    /^{"type":"reply","id":"good","text":"OK"}$/,
  ];
  assert.equal(answers.length, expected.length, said);
  for (const [index, pattern] of expected.entries()) assert.match(answers[index] ?? '', pattern);
});

test('a person with socat is answered as the protocol says', async (t) => {
  const side = await guestSide(t);
  await FakeHost.link(side.pty.socket, { host: 'hostA', answer: () => ({ text: 'pong' }) });
  const agent = await side.startAgent();
  await agent.says(/greeting => up/);
  const socat = spawn('socat', ['-t', '6', '-', `UNIX-CONNECT:${side.socket},shut-none`]);
  t.after(() => socat.kill());
  let output = '';
  socat.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  socat.stdin.end('{"type":"request","id":"me-1","service":"host","text":"ping","deadlineMs":5000}\n');
  await eventually('two lines', () => output.split('\n').length === 3);
  const [hello, reply] = output.trim().split('\n');
  assert.match(
    hello ?? '',
    /^\{"type":"hello","version":2,"agent":"vm-connectd [^"]+","session":"[^"]+","role":"guest"\}$/,
  );
  assert.equal(reply, '{"type":"reply","id":"me-1","text":"pong"}');
});

test('a port that is not there is said once, waited for, and used when it comes', async (t) => {
  const side = await guestSide(t);
  const later = join(side.directory, 'later');
  const agent = await side.startAgent('--port', later);
  const status = await side.askToEnd('status');
  assert.equal(status.exitCode, 2);
  assert.match(status.stdout, /^host {6}none, the port is not open for /);
  assert.match(
    status.stdout.replace(/\s+/g, ' '),
    /cannot open \S+later: no such port; give the guest a channel/,
  );
  await FakeHost.link(side.pty.socket, { host: 'hostA' });
  await sleep(1_000);
  symlinkSync(side.pty.device, later);
  await agent.says(/greeting => up/);
  assert.equal(agent.stderr().match(/no such port/g)?.length, 1);
  assert.equal((await side.askToEnd('status')).exitCode, 0);
});

test('on SIGHUP the agent reads its configuration and goes to another port; a broken file changes nothing', async (t) => {
  const side = await guestSide(t);
  const other = await makePty(t);
  const host = await FakeHost.link(other.socket, { host: 'hostB' });
  const config = join(side.directory, 'vm-connectd.conf');
  writeFileSync(config, `[host]\nport = 7\n[guest]\nport = ${side.pty.device}\nsocket = ${side.socket}\n`);
  const agent = await start(t, 'vm-connectd', ['-t', 'guest', '--config', config]);
  await agent.says(/starting => running/);
  writeFileSync(config, 'port\n');
  agent.process.kill('SIGHUP');
  await agent.says(/the former configuration stays in force/);
  writeFileSync(config, `[guest]\nport = ${other.device}\nsocket = ${side.socket}\nlog-level = debug\n`);
  agent.process.kill('SIGHUP');
  await host.awaits('hello');
  await agent.says(/configuration read again/);
});

test('in the background it leaves its pid, and what is wrong is told to who started it', async (t) => {
  const side = await guestSide(t);
  const pidFile = join(side.directory, 'pid');
  const words = ['-Dt', 'guest', '-p', pidFile, '--socket', side.socket, '--port', side.pty.device];
  const starter = await start(t, 'vm-connectd', words);
  assert.equal((await starter.ended).exitCode, 0);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.after(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it stopped as it should
    }
  });
  assert.equal((await side.askToEnd('status')).exitCode, 2, 'it runs, and there is no host');
  const second = await (await start(t, 'vm-connectd', words)).ended;
  assert.equal(second.exitCode, 1);
  assert.match(second.stderr, new RegExp(`process ${pid}|already`));
  process.kill(pid, 'SIGTERM');
  await eventually('the pid file is gone', () => !existsSync(pidFile));
});

test('a wrong command line or configuration is explained', async (t) => {
  const side = await guestSide(t);
  const config = join(side.directory, 'conf');
  writeFileSync(config, '[guest]\nlog-level = loud\n');
  const told = async (...words: string[]) => (await start(t, 'vm-connectd', ['-t', 'guest', ...words])).ended;
  const [unknown, missing, level, long] = await Promise.all([
    told('--nonsense'),
    told('--config', join(side.directory, 'none')),
    told('--config', config),
    told('--socket', `/tmp/${'x'.repeat(120)}`),
  ]);
  assert.match(
    unknown.stderr,
    /cannot understand the command line: unknown option '--nonsense'; see vm-connectd/,
  );
  assert.match(missing.stderr, /cannot use \S+none: ENOENT/);
  assert.match(
    level.stderr,
    /cannot use the log level loud: there is none of that name; choose one of error, /,
  );
  assert.match(
    long.stderr,
    /a socket path has at most 107 bytes and this one has 125; choose a shorter path/,
  );
  for (const { exitCode } of [unknown, missing, level, long]) assert.equal(exitCode, 1);
});
