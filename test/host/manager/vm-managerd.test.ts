/**
 * Laws of vm-managerd as a process of its own. Pacemaker's cibadmin and attrd's tool are reached through programs that count
 * the calls; cibadmin is the real one, on a file. In vm-connectd's place stands a socket that asks in the names of many guests.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../../shared/process/run-command.ts';
import { bundledProgram } from '../../support/bundle.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const CIB = join(import.meta.dirname, '../../support/recorded/pacemaker/cib.xml');
const RULES = '[default_ping_set]\nred = eq 0\ngreen = eq 100\n[foo]\n';

interface Told {
  readonly guest: string;
  readonly id: string;
  readonly text?: string;
  readonly atMs: number;
}

class World {
  readonly directory: string;
  readonly told: Told[] = [];
  readonly rules: string;
  #socket: Socket | undefined;
  #daemon: ChildProcess | undefined;
  stderr = '';

  private constructor(directory: string) {
    this.directory = directory;
    this.rules = this.path('vm-manager.conf');
  }

  static async make(t: TestContext): Promise<World> {
    const world = new World(temporaryDirectory(t));
    mkdirSync(world.path('bin'));
    world.program('cibadmin', 'echo cibadmin >>"$D/calls"; exec /usr/sbin/cibadmin "$@"');
    world.program('crm_node', 'echo hosta');
    world.program('crm_mon', 'exec tail -n +1 -f --pid="$PPID" "$D/events"');
    world.program('attrd_updater', 'echo "attrd_updater $*" >>"$D/calls"');
    writeFileSync(world.path('events'), '.');
    writeFileSync(world.path('calls'), '');
    writeFileSync(world.rules, RULES);
    copyFileSync(CIB, world.path('cib.xml'));
    const server = createServer((socket) => world.#serve(socket));
    t.after(() => {
      world.#daemon?.kill('SIGKILL');
      world.#socket?.destroy();
      server.close();
    });
    await new Promise<void>((resolve) => server.listen(world.path('connectd.sock'), resolve));
    return world;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  program(name: string, script: string): void {
    writeFileSync(this.path(`bin/${name}`), `#!/bin/sh\nD='${this.directory}'\n${script}\n`);
    chmodSync(this.path(`bin/${name}`), 0o755);
  }

  run(...more: string[]) {
    const child = spawn(
      process.execPath,
      [
        bundledProgram('host/bin/vm-managerd.ts'),
        ...['-c', this.rules, '--socket', this.path('connectd.sock')],
        ...['--status-socket', this.path('status.sock'), ...more],
      ],
      {
        env: {
          ...process.env,
          PATH: `${this.path('bin')}:${process.env['PATH']}`,
          CIB_file: this.path('cib.xml'),
          PM_KVM_TOOLS_LOG: 'plain',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    const ended = new Promise<number | NodeJS.Signals>((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? signal ?? 1)),
    );
    return { child, stdout: () => stdout, ended };
  }

  /** The daemon, registered. */
  async start(...more: string[]) {
    const daemon = this.run(...more);
    this.#daemon = daemon.child;
    await eventually('the daemon has registered', () => {
      if (daemon.child.exitCode !== null) throw new Error(`it ended: ${this.stderr}`);
      return this.#socket !== undefined;
    });
    return daemon;
  }

  ask(guest: string, id: string, text: string, more: object = {}): void {
    const request = { type: 'request', service: 'monitor', id, text, deadlineMs: 60_000, guest, protocol: 2 };
    this.#socket?.write(`${JSON.stringify({ ...request, ...more })}\n`);
  }

  /** A change of the cluster: the file, and the event that crm_mon makes of it. */
  change(from: string, to: string): void {
    const cib = readFileSync(this.path('cib.xml'), 'utf8');
    assert.ok(cib.includes(from));
    writeFileSync(this.path('cib.new'), cib.replace(from, to));
    renameSync(this.path('cib.new'), this.path('cib.xml'));
    writeFileSync(this.path('events'), '.', { flag: 'a' });
  }

  calls(program: string): readonly string[] {
    return readFileSync(this.path('calls'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(program));
  }

  answer(id: string): Promise<Told> {
    return eventually(`an answer to ${id}`, () => this.told.find((told) => told.id === id));
  }

  #serve(socket: Socket): void {
    let rest = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#said(socket, JSON.parse(line));
    });
  }

  #said(socket: Socket, message: { readonly type: string } & Told): void {
    if (message.type === 'register') {
      this.#socket = socket;
      socket.write('{"type":"registered","service":"monitor"}\n');
    } else if (message.type === 'reply') this.told.push({ ...message, atMs: performance.now() });
  }
}

const PING_100 = 'name="default_ping_set" value="100"';
const PING_0 = 'name="default_ping_set" value="0"';

describe('vm-managerd', () => {
  it('500 guests that ask at once, again and again, cost one query a second at most', async (t) => {
    const world = await World.make(t);
    await world.start();
    const startedMs = performance.now();
    const ROUNDS = 5;
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = 0; n < 500; n++) world.ask(`guest${n}`, `r${round}-${n}`, 'default_ping_set foo');
      await eventually('everybody has an answer', () => world.told.length === 500 * (round + 1));
      await sleep(500);
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const queries = world.calls('cibadmin').length;
    t.diagnostic(`${500 * ROUNDS} requests in ${seconds.toFixed(1)} s: ${queries} queries`);
    assert.ok(world.told.every(({ text }) => text === 'default_ping_set=green,foo=1'));
    assert.ok(queries >= 1 && queries <= seconds + 1, `${queries} queries in ${seconds} s`);
  });

  it('a change is told to whoever watches, and to nobody twice', async (t) => {
    const world = await World.make(t);
    await world.start();
    for (let n = 0; n < 100; n++) {
      world.ask(`guest${n}`, `w${n}`, 'default_ping_set', { detail: { known: 'default_ping_set=green' } });
    }
    world.ask('guest0', 'plain', 'default_ping_set');
    assert.equal((await world.answer('plain')).text, 'default_ping_set=green');
    assert.equal(world.told.length, 1, 'who knows the answer is not told it');
    const changedMs = performance.now();
    world.change(PING_100, PING_0);
    await eventually('all are told', () => world.told.length === 101);
    t.diagnostic(`told to 100 guests after ${Math.round(performance.now() - changedMs)} ms`);
    assert.equal(new Set(world.told.map(({ id }) => id)).size, 101);
    assert.ok(world.told.slice(1).every(({ text }) => text === 'default_ping_set=red'));
  });

  it('who watches is answered before its deadline, changed or not', async (t) => {
    const world = await World.make(t);
    await world.start();
    const askedMs = performance.now();
    const known = { detail: { known: 'foo=1' } };
    world.ask('guest1', 'w', 'foo', { ...known, deadlineMs: 6_000 });
    const told = await world.answer('w');
    assert.equal(told.text, 'foo=1');
    assert.ok(told.atMs - askedMs > 2_000, 'it was held');
  });

  it('nothing is told while the cluster gives no answer, and all when it does', async (t) => {
    const world = await World.make(t);
    renameSync(world.path('cib.xml'), world.path('away'));
    await world.start();
    world.ask('guest1', 'r', 'foo');
    world.ask('guest1', 'called-off', 'foo');
    await eventually('it has asked in vain', () => world.stderr.includes('not asked for => unknown'));
    assert.deepEqual(world.told, []);
    renameSync(world.path('away'), world.path('cib.xml'));
    assert.equal((await world.answer('r')).text, 'foo=1');
  });

  it('keeps its rules at a bad SIGHUP and says why, and takes good ones at once', async (t) => {
    const world = await World.make(t);
    const { child } = await world.start();
    world.ask('guest1', 'w', 'default_ping_set', { detail: { known: 'default_ping_set=green' } });
    writeFileSync(world.rules, '[default_ping_set]\nred = equals 0\nyellow = lt\n');
    child.kill('SIGHUP');
    await eventually('it says so', () => world.stderr.includes('the former configuration stays in force'));
    assert.match(world.stderr, /vm-manager\.conf:2: error: 'equals' is no operator; write/);
    assert.match(world.stderr, /vm-manager\.conf:3: error: the rule for 'yellow' compares with nothing/);
    world.ask('guest1', 'r', 'default_ping_set');
    assert.equal((await world.answer('r')).text, 'default_ping_set=green');
    renameSync(world.rules, world.path('elsewhere'));
    const before = world.stderr.length;
    child.kill('SIGHUP');
    await eventually('it says that there is no file', () =>
      world.stderr.slice(before).includes('no such file'),
    );
    world.ask('guest1', 'r2', 'default_ping_set');
    assert.equal((await world.answer('r2')).text, 'default_ping_set=green');
    writeFileSync(world.rules, '[default_ping_set]\nfine = eq 100\n');
    child.kill('SIGHUP');
    assert.equal((await world.answer('w')).text, 'default_ping_set=fine');
  });

  it('each fault of its rules has a line of its own in the log, however many they are', async (t) => {
    const world = await World.make(t);
    const { child } = await world.start();
    const FAULTS = 50;
    const lines = Array.from({ length: FAULTS }, (_, n) => `word${n} = equals 0\n`);
    writeFileSync(world.rules, `[a]\n${lines.join('')}`);
    child.kill('SIGHUP');
    await eventually('it says so', () => world.stderr.includes('the former configuration stays in force'));
    const told = () =>
      world.stderr
        .split('\n')
        .filter((line) => /error: \S+:\d+: error: 'equals' is no operator; write/.test(line));
    assert.equal(told().length, FAULTS);
    assert.match(
      world.stderr,
      /stays in force reason="cannot use the rules in \S+: the 50 faults above; mend/,
    );
    world.stderr = '';
    assert.equal(await world.run().ended, 1);
    assert.equal(told().length, FAULTS);
  });

  it('rules that are no file hold up neither its start nor itself, and the old ones stay', async (t) => {
    const world = await World.make(t);
    const { child } = await world.start();
    renameSync(world.rules, world.path('elsewhere'));
    await runCommand(['mkfifo', world.rules], { deadlineMs: 5_000 });
    child.kill('SIGHUP');
    await eventually('it says so', () => world.stderr.includes('vm-manager.conf: it is no regular file; '));
    world.ask('guest1', 'r', 'default_ping_set');
    assert.equal((await world.answer('r')).text, 'default_ping_set=green');
    assert.equal(await world.run().ended, 1);
  });

  it('tells nobody by new rules what the cluster said before it fell silent', async (t) => {
    const world = await World.make(t);
    const { child } = await world.start();
    world.ask('guest1', 'r', 'default_ping_set');
    assert.equal((await world.answer('r')).text, 'default_ping_set=green');
    renameSync(world.path('cib.xml'), world.path('away'));
    world.ask('guest1', 'w', 'default_ping_set', { detail: { known: 'default_ping_set=green' } });
    writeFileSync(world.path('events'), '.', { flag: 'a' });
    await eventually('it has asked in vain', () => world.stderr.includes('known => unknown'));
    const before = world.stderr.length;
    writeFileSync(world.rules, '[default_ping_set]\nfine = eq 100\n');
    child.kill('SIGHUP');
    await eventually('it has the new rules', () =>
      world.stderr.slice(before).includes('configuration read again'),
    );
    const asked = world.calls('cibadmin').length;
    await eventually('it asks again', () => world.calls('cibadmin').length > asked + 1);
    assert.equal(world.told.length, 1, 'silence is no health');
    renameSync(world.path('away'), world.path('cib.xml'));
    assert.equal((await world.answer('w')).text, 'default_ping_set=fine');
  });

  it('ends at once while the cluster hangs', async (t) => {
    const world = await World.make(t);
    world.program('cibadmin', 'echo cibadmin >>"$D/calls"; exec sleep 100');
    const { child, ended } = await world.start();
    world.ask('guest1', 'r', 'foo');
    await eventually('it asks', () => world.calls('cibadmin').length > 0);
    const startedMs = performance.now();
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    // A query has 5 s.
    assert.ok(performance.now() - startedMs < 3_000);
  });

  it('does not start without rules, or with rules that have a fault, and says which, where and the remedy', async (t) => {
    const faults: readonly (readonly [string | undefined, RegExp])[] = [
      [undefined, /cannot use the rules in \S+vm-manager\.conf: there is no such file; write it/],
      ['[a]\nred = like 0\n', /vm-manager\.conf:2: error: 'like' is no operator; write WORD = OP VALUE/],
      [
        '[a]\n[b]\n[a]\n',
        /vm-manager\.conf:3: error: section 'a' is in line 1 already; move its settings there/,
      ],
      ['[a]\nred = eq\n', /vm-manager\.conf:2: error: the rule for 'red' compares with nothing; write WORD/],
      ['[a]\nred =\n', /vm-manager\.conf:2: error: 'red' has no value; write NAME = VALUE or remove it/],
    ];
    for (const [text, words] of faults) {
      const world = await World.make(t);
      if (text === undefined) renameSync(world.rules, world.path('elsewhere'));
      else writeFileSync(world.rules, text);
      assert.equal(await world.run().ended, 1);
      assert.match(world.stderr, words);
    }
  });

  it('-n and -v set an attribute while it runs, again when it was lost, and remove it at the end', async (t) => {
    const world = await World.make(t);
    const { child, ended } = await world.start('-n', 'operator_check_status', '-v', 'normal');
    const set = 'attrd_updater --name=operator_check_status --node=hosta --update=normal';
    await eventually('it is set', () => world.calls(set).length === 1);
    writeFileSync(world.path('events'), '.', { flag: 'a' });
    await eventually('it is set again', () => world.calls(set).length === 2);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    assert.equal(
      world.calls('attrd').at(-1),
      'attrd_updater --name=operator_check_status --node=hosta --delete',
    );
  });

  it('-n without -v is refused', async (t) => {
    const world = await World.make(t);
    assert.equal(await world.run('-n', 'one').ended, 1);
    assert.match(world.stderr, /it takes both -n and -v/);
  });

  it('tells its state to people, as JSON and for Prometheus', async (t) => {
    const world = await World.make(t);
    await world.start();
    world.ask('guest1', 'r', 'foo');
    await world.answer('r');
    const shown = async (...words: string[]) => {
      const { stdout, ended } = world.run('--status', ...words);
      assert.equal(await ended, 0);
      return stdout();
    };
    const status = JSON.parse(await shown('--json'));
    assert.deepEqual(status.attributes, {
      default_ping_set: { value: '100', told: 'green' },
      foo: { value: '1', told: '1' },
    });
    assert.deepEqual([status.node, status.service], ['hosta', 'registered']);
    assert.equal(status.cluster, 'answered when it was last asked');
    assert.match(status.values, /^read \d+\.\d s ago; nobody asks, so they may be others now$/);
    assert.ok(status.valuesAgeMs > 0 && status.valuesAgeMs < 10_000);
    assert.match(await shown('--prometheus'), /^pm_kvm_tools_manager_values_age_seconds \d+\.\d+$/m);
    assert.match(await shown('--prometheus'), /^pm_kvm_tools_manager_answers_total 1$/m);
    assert.match(await shown(), /^node: hosta$/m);
    world.ask('guest1', 'w', 'foo', { detail: { known: 'foo=1' } });
    await eventually('somebody asks', async () =>
      /^cluster: answers$[\s\S]*^values: read .* ago$/m.test(await shown()),
    );
    renameSync(world.path('cib.xml'), world.path('away'));
    writeFileSync(world.path('events'), '.', { flag: 'a' });
    await eventually('the cluster is silent', async () =>
      /^values: read \d.* ago, and no answer since$/m.test(await shown()),
    );
  });

  it('takes the command line of version 1: -p, -c, -D, -V', async (t) => {
    const world = await World.make(t);
    const pidFile = world.path('pid');
    assert.equal(await world.run('-p', pidFile, '-D', '-V').ended, 0);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    t.after(() => existsSync(pidFile) && process.kill(pid, 'SIGKILL'));
    process.kill(pid, 'SIGTERM');
    await eventually('it has gone', () => !existsSync(pidFile));
  });
});
