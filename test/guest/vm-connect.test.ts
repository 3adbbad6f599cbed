/** vm-connect as a process: its output and its exit status. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { FakeHost, type Frame } from './fake-host.ts';
import { guestSide, kill, start } from './guest-side.ts';

const NOBODY = 65_534;

const answers: Readonly<Record<string, Record<string, unknown>>> = {
  ping: { text: 'pong' },
  'off good': { text: 'OK', detail: { result: 'confirmed' } },
  'off bad': { text: 'NG' },
  'off nobody': { error: { code: 'refused', message: 'not yours', retry: false } },
  default_ping_set: { text: 'default_ping_set=100' },
};

const answer = ({ text }: Frame) =>
  answers[String(text)] ?? { error: { code: 'service-away', message: 'it is not there', retry: true } };

async function linked(t: Parameters<typeof guestSide>[0]) {
  const side = await guestSide(t);
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA', answer });
  const agent = await side.startAgent();
  await agent.says(/greeting => up/);
  return { side, host };
}

test('-r prints the reply and exits with 0, whatever it says', async (t) => {
  const { side } = await linked(t);
  const [good, bad, values] = await Promise.all([
    side.askToEnd('-t', 'stonith', '-r', 'off good'),
    side.askToEnd('-t', 'stonith', '-r', 'off bad', '-q'),
    side.askToEnd('--type=monitor', '--request=default_ping_set', '-V'),
  ]);
  assert.deepEqual(good, { exitCode: 0, stdout: 'OK\n', stderr: '' });
  assert.deepEqual(bad, { exitCode: 0, stdout: 'NG\n', stderr: '' });
  assert.equal(values.stdout, 'default_ping_set=100\n');
  assert.match(values.stderr, /^vm-connect: monitor took \d+ ms\n$/);
});

test('--json prints the whole answer, errors too', async (t) => {
  const { side } = await linked(t);
  const [good, refused] = await Promise.all([
    side.askToEnd('-t', 'stonith', '-r', 'off good', '--json'),
    side.askToEnd('-t', 'stonith', '-r', 'off nobody', '--json'),
  ]);
  assert.deepEqual(JSON.parse(good.stdout), { text: 'OK', detail: { result: 'confirmed' } });
  assert.equal(JSON.parse(refused.stdout).error.code, 'refused');
  assert.equal(refused.exitCode, 1);
});

test('a no is 1, and what may be asked again is 2', async (t) => {
  const { side } = await linked(t);
  const [refused, away, quiet] = await Promise.all([
    side.askToEnd('-t', 'stonith', '-r', 'off nobody'),
    side.askToEnd('-t', 'stonith', '-r', 'off someone', '--timeout', '0.5'),
    side.askToEnd('-t', 'stonith', '-r', 'off nobody', '-q'),
  ]);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /^vm-connect: no reply from stonith: refused: not yours; see the log/);
  assert.equal(away.exitCode, 2);
  assert.match(away.stderr, /service-away: it is not there; ask again later/);
  assert.deepEqual(quiet, { exitCode: 1, stdout: '', stderr: '' });
});

test('-R only sends: it is taken over at once, even without a host, and outlives the command', async (t) => {
  const side = await guestSide(t);
  await side.startAgent();
  const sent = await side.askToEnd('-t', 'stonith', '-R', 'off good', '-i', 'one');
  assert.deepEqual(sent, { exitCode: 0, stdout: '', stderr: '' });
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA', answer });
  const [request] = await host.awaits('request');
  assert.equal(request?.['id'], 'one');
});

test('a stonith request "timeout" calls off what its id names, as the old plugin expects', async (t) => {
  const side = await guestSide(t);
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA' });
  await side.startAgent();
  const asking = await side.ask('-t', 'stonith', '-r', 'off good', '-i', 'one');
  await host.awaits('request');
  const called = await side.askToEnd('-t', 'stonith', '-i', 'one', '-R', 'timeout');
  assert.deepEqual(called, { exitCode: 0, stdout: '', stderr: '' });
  assert.deepEqual(await host.awaits('cancel'), [{ type: 'cancel', id: 'one' }]);
  const { exitCode, stderr } = await asking.ended;
  assert.equal(exitCode, 1);
  assert.match(stderr, /another local program called it off/);
});

test('a call-off that is not answered ends at its deadline, and one that finds no room is no success', async (t) => {
  const path = join(temporaryDirectory(t), 's.sock');
  const lines = { silent: '', full: '{"type":"error","code":"too-many","message":"256 are open"}\n' };
  let line: keyof typeof lines = 'silent';
  const server = createServer(
    (socket) =>
      void socket
        .on('error', () => {})
        .resume()
        .write(lines[line]),
  );
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  const words = ['-t', 'stonith', '-r', 'timeout', '-i', 'one', '--timeout', '0.3', '--socket', path];
  const callOff = async () => (await start(t, 'vm-connect', words)).ended;
  const silent = await callOff();
  assert.equal(silent.exitCode, 1);
  assert.match(silent.stderr, /did not answer within 0.3 s/);
  line = 'full';
  const full = await callOff();
  assert.equal(full.exitCode, 2);
  assert.match(full.stderr, /too-many: 256 are open/);
});

test('ping shows each round trip and their summary', async (t) => {
  const { side } = await linked(t);
  const [text, json] = await Promise.all([side.askToEnd('ping', '-c', '2'), side.askToEnd('ping', '--json')]);
  assert.equal(text.exitCode, 0);
  assert.match(
    text.stdout,
    /^pong 1: [\d.]+ ms\npong 2: [\d.]+ ms\n2 answered, min [\d.]+, average [\d.]+, max [\d.]+ ms\n$/,
  );
  const { answered, timesMs, maxMs } = JSON.parse(json.stdout);
  assert.deepEqual([answered, timesMs.length], [3, 3]);
  assert.ok(maxMs < 5_000);
});

test('status tells who is there, in 80 columns, and its exit status says whether somebody is', async (t) => {
  const { side, host } = await linked(t);
  const up = await side.askToEnd('status');
  assert.equal(up.exitCode, 0);
  assert.match(
    up.stdout,
    /^host {6}hostA, up for [\d.]+ s\nguest {5}guest1\nservices {2}monitor, stonith\nport /,
  );
  for (const line of up.stdout.split('\n')) assert.ok(line.length <= 80, line);
  host.send({ type: 'services', services: [] });
  await side.askToEnd('ping', '-c', '1');
  assert.match(
    (await side.askToEnd('status')).stdout,
    /services {2}none; are vm-stonithd and vm-managerd running/,
  );
  const viaDaemon = await start(t, 'vm-connectd', [
    '-t',
    'guest',
    '--status',
    '--json',
    '--socket',
    side.socket,
  ]);
  const { exitCode, stdout } = await viaDaemon.ended;
  assert.deepEqual([exitCode, JSON.parse(stdout).link.state], [0, 'up']);
});

test('metrics are text that Prometheus reads', async (t) => {
  const { side } = await linked(t);
  const words = ['-t', 'guest', '--status', '--prometheus', '--socket', side.socket];
  const { stdout } = await (await start(t, 'vm-connectd', words)).ended;
  assert.match(stdout, /^pm_kvm_guest_link_state\{state="up"\} 1$/m);
  assert.match(stdout, /^pm_kvm_guest_host_info\{host="hostA",guest="guest1"\} 1$/m);
  assert.match(stdout, /^pm_kvm_guest_link_events_total\{event="hellos"\} \d+$/m);
  for (const line of stdout.trim().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+)$/);
  }
});

test('without an agent it fails with 1 and says how to start it', async (t) => {
  const socket = join(temporaryDirectory(t), 'none.sock');
  const ask = async (...words: string[]) =>
    (await start(t, 'vm-connect', [...words, '--socket', socket])).ended;
  const [status, ping, request, off] = await Promise.all([
    ask('status'),
    ask('ping'),
    ask('-t', 'stonith', '-r', 'off x'), // it waits 3 s for one that is being started, not 120 s
    ask('-t', 'stonith', '-R', 'timeout', '-i', 'one'),
  ]);
  for (const { exitCode, stderr } of [status, ping, request, off]) {
    assert.equal(exitCode, 1);
    assert.match(stderr, /nobody listens there; start vm-connectd \(systemctl start vm-connectd\)/);
  }
});

test('an agent that hangs is a failure of this guest, one that has no room is to be asked again', async (t) => {
  const directory = temporaryDirectory(t);
  const outcomeAt = async (name: string, greeting: string) => {
    const socket = join(directory, name);
    const server = createServer((other) => {
      other.on('error', () => {});
      if (greeting === '') other.resume();
      else other.end(greeting);
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    t.after(() => server.close());
    const words = ['-t', 'monitor', '-r', 'x', '--timeout', '0.2', '--socket', socket];
    const { exitCode, stderr } = await (await start(t, 'vm-connect', words)).ended;
    return [exitCode, stderr.replace(/^.*: (.*); .*\n$/, '$1')];
  };
  assert.deepEqual(await outcomeAt('hangs', ''), [1, 'no answer came in 0.2 s']);
  const full = '{"type":"error","code":"too-many","message":"256 connections are open already"}\n';
  assert.deepEqual(await outcomeAt('full', full), [2, '256 connections are open already']);
});

test('without root it says so', async (t) => {
  const side = await guestSide(t);
  await side.startAgent();
  const isRoot = process.getuid?.() === 0;
  chmodSync(isRoot ? side.directory : side.socket, isRoot ? 0o755 : 0);
  const words = ['-t', 'stonith', '-r', 'off x', '--socket', side.socket];
  const { exitCode, stderr } = await (await start(t, 'vm-connect', words, isRoot ? { uid: NOBODY } : {}))
    .ended;
  assert.equal(exitCode, 1);
  assert.match(stderr, /permission denied; run it as root/);
});

test('what is asked of something that is no agent is explained', async (t) => {
  const socket = join(temporaryDirectory(t), 'other.sock');
  const server = createServer((other) => other.end('220 mail.example.org ESMTP\r\n'));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  const { exitCode, stderr } = await (await start(t, 'vm-connect', ['status', '--socket', socket])).ended;
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /no frame of this protocol; see which program listens there/);
});

test('an asker that is stopped by the shell leaves nothing behind', async (t) => {
  const side = await guestSide(t);
  const host = await FakeHost.link(side.pty.socket, { host: 'hostA' });
  await side.startAgent();
  const asking = await side.ask('-t', 'stonith', '-r', 'off x', '-i', 'one');
  await host.awaits('request');
  await kill(asking, 'SIGINT');
  await host.awaits('cancel');
});
