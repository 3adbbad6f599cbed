/** vm-connectd as an admin meets it: flags of version 1, bad input, and the status of a daemon with many guests. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { showHostStatus } from '../../../host/connect/status/show-host-status.ts';
import { silentLogger } from '../../../shared/log.ts';
import { LocalServer } from '../../../shared/protocol/local-server.ts';
import { VERSION } from '../../../shared/version.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { DaemonProcess, isThere, runProgram, socketIn } from './daemon-process.ts';
import { QemuSocket } from './peers.ts';

async function outcome(...parameters: string[]) {
  const run = runProgram(parameters);
  const exitCode = await run.ended;
  return { exitCode, stdout: run.stdout(), stderr: run.stderr() };
}

test('what is wrong on the command line is said in one line, with the remedy, and the status is not 0', async () => {
  const long = `/tmp/${'x'.repeat(120)}`;
  const cases: readonly (readonly [RegExp, ...string[]])[] = [
    [/the type is missing: -t host or -t guest; see vm-connectd -t host --help$/],
    [/cannot be of the type hots: it is host on a KVM host/, '-t', 'hots'],
    [/unknown option '--bogus'/, '-t', 'host', '--bogus'],
    [/unexpected argument 'extra'/, '-t', 'host', 'extra'],
    [/cannot use the log level loud: .*; choose one of/, '-t', 'host', '--log-level', 'loud'],
    [/cannot read \/no\/file: there is no such file; name a file/, '-t', 'host', '--config', '/no/file'],
    [/--json and --prometheus belong to --status/, '-t', 'host', '--json'],
    [/nobody listens there; start vm-connectd/, '--status', '--socket', '/tmp/nobody-is-here'],
    [/a socket path has at most 107 bytes and this one has 125; /, '--status', '--socket', long],
    [/at most 107 bytes and this one has 125; choose a shorter path/, '-t', 'host', '--socket', long],
    [/its directory does not exist; make the directory/, '-t', 'host', '--socket', '/no/such/socket'],
  ];
  for (const [expected, ...parameters] of cases) {
    const { exitCode, stderr, stdout } = await outcome(...parameters);
    assert.match(stderr.split('\n')[0] ?? '', expected, parameters.join(' '));
    assert.ok(exitCode !== 0, parameters.join(' '));
    assert.equal(stdout, '');
  }
});

test('help and version are printed', async () => {
  const help = await outcome('-?');
  assert.equal(help.exitCode, 0);
  assert.match(help.stdout, /^Usage: vm-connectd -t host/);
  assert.equal((await outcome('--help')).stdout, help.stdout);
  assert.equal((await outcome('--version')).stdout, `vm-connectd ${VERSION}\n`);
});

test('the flags of version 1 do what they did: -t -d -D -p -V, together and with their long names', async (t) => {
  const directory = temporaryDirectory(t);
  const config = join(directory, 'conf');
  writeFileSync(config, `[host]\nsocket = ${join(directory, 's')}\nlibvirt = test:///default\n`);
  const pidFile = join(directory, 'pid');
  for (const flags of [
    ['-DVt', 'host', '-d', `${directory}/`, '-p', pidFile],
    ['--daemonize', '--verbose', '--type=host', `--sock-dir=${directory}`, `--pid-file=${pidFile}`],
  ]) {
    const { exitCode, stderr } = await outcome(...flags, '--config', config);
    assert.equal(exitCode, 0, stderr);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /vm-connectd/);
    process.kill(pid, 'SIGTERM');
    await eventually(
      'it has gone and taken its files',
      () => !isThere(pidFile) && !isThere(join(directory, 's')),
    );
  }
});

describe('the status', () => {
  test('that is refused is not taken for that of another program', async (t) => {
    const path = join(temporaryDirectory(t), 's');
    const server = await LocalServer.listen({
      path,
      role: 'host',
      agent: 'test',
      session: 's',
      log: silentLogger,
      handlers: {
        onFrame: (connection, frame) => {
          if (frame.kind !== 'message' || frame.message.type !== 'request') return;
          const error = { code: 'refused', message: 'not today', retry: false };
          connection.send({ type: 'reply', id: frame.message.id, error });
        },
        onClosed() {},
      },
    });
    t.after(() => server.close());
    await assert.rejects(showHostStatus(path, 'text'), /it answers refused: not today; see the log/);
  });

  const NAMES = Array.from({ length: 250 }, (_, number) => `guest${String(number).padStart(3, '0')}`);

  async function startMany(t: TestContext) {
    const directory = temporaryDirectory(t);
    const socket = await QemuSocket.open(t, socketIn(directory, NAMES[7] ?? ''));
    const daemon = await DaemonProcess.start(t, NAMES, directory);
    (await socket.peer()).hello();
    await eventually('all are known', () => daemon.run.stderr().includes('mute => up'));
    return daemon;
  }

  test('of more guests than fit into a frame is whole, in each form', async (t) => {
    const daemon = await startMany(t);
    const { guests } = await daemon.status();
    assert.deepEqual(
      guests.map(({ name }) => name),
      NAMES,
    );
    assert.deepEqual(
      guests.filter(({ state }) => state === 'up').map(({ name }) => name),
      [NAMES[7]],
    );
    const text = await outcome('--status', '--socket', daemon.socket);
    assert.equal(text.exitCode, 0);
    assert.match(text.stdout, /^guests {5}249 absent, 1 up$/m);
    assert.equal((text.stdout.match(/^guest\d{3} /gm) ?? []).length, 250);
    const metrics = await outcome('--status', '--prometheus', '--socket', daemon.socket);
    assert.equal((metrics.stdout.match(/^pm_kvm_host_guest_up\{/gm) ?? []).length, 250);
    const json = await outcome('--status', '--json', '-t', 'host', '--socket', daemon.socket);
    assert.equal(JSON.parse(json.stdout).guests.length, 250);
  });
});
