/** Types the examples of docs/protocol.md, "By hand", into socat, with both daemons as they are, and compares what comes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemCodeOf } from '../../shared/errors.ts';
import type { Json } from '../../shared/protocol/message.ts';
import { makePty } from '../guest/agent/stand-in.ts';
import { start } from '../guest/guest-side.ts';
import { runProgram } from '../host/connect/daemon-process.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Example {
  readonly side: 'host' | 'guest';
  readonly command: string;
  /** `> typed` or `< came`. */
  readonly dialogue: readonly string[];
}

/** Where the examples look for things. */
const PLACES = {
  local: '/run/vmconnectd.sock',
  port: '/dev/virtio-ports/vmconnectd',
  qemu: '/var/lib/libvirt/qemu/guest1',
} as const;

const PREAMBLE = `\u0002${'\0'.repeat(79)}`;

const examples = examplesIn(readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8'));

test('there are examples of every place', () => {
  for (const place of Object.values(PLACES)) {
    assert.ok(
      examples.some(({ command }) => command.includes(place)),
      place,
    );
  }
});

for (const example of examples) {
  test(`${example.side}: ${example.command.split('\n')[0]}`, (t) => play(t, example));
}

function examplesIn(page: string): Example[] {
  const byHand = page.slice(page.indexOf('\n## By hand'));
  return [...byHand.matchAll(/```console (host|guest)\n([\s\S]*?)```/g)].map(([, side, text = '']) => {
    const lines = text.trimEnd().split('\n');
    const first = lines.findIndex((line) => /^[<>]/.test(line));
    assert.ok(first > 0 && (side === 'host' || side === 'guest'));
    return { side, command: lines.slice(0, first).join('\n'), dialogue: lines.slice(first) };
  });
}

async function play(t: TestContext, { side, command, dialogue }: Example): Promise<void> {
  const world = await startWorld(t, command);
  const child = spawn(
    '/bin/bash',
    [
      '--norc', // which bash reads when its input is a socket, as here
      '-c',
      command
        .replaceAll(PLACES.local, world.locals[side])
        .replaceAll(PLACES.port, world.port)
        .replaceAll(PLACES.qemu, world.qemu),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], detached: true },
  );
  t.after(() => endGroup(child));
  let came = '';
  child.stdout.on('data', (bytes: Buffer) => {
    came += bytes.toString('latin1');
  });
  const lines = () =>
    Buffer.from(came.replace(PREAMBLE, ''), 'latin1')
      .toString()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '');
  let heard = 0;
  let lastId = '';
  let answer: Promise<string> | undefined;
  for (const line of dialogue) {
    const text = line.slice(2);
    if (line.startsWith('>')) {
      child.stdin.write(`${text.replace('"id":"…"', `"id":"${lastId}"`)}\n`);
      continue;
    }
    if (text.startsWith('{"type":"request"')) answer = askOfGuest(t, world.locals.guest);
    const got = await eventually(`${text} after ${JSON.stringify(came)}`, () => lines()[heard]);
    heard++;
    if (text.startsWith('{')) {
      const message = JSON.parse(got);
      lastId = message.id ?? lastId;
      assertLike(message, JSON.parse(text), text);
    } else {
      assert.equal(got, text);
    }
  }
  if (answer !== undefined) assert.equal(await answer, 'default_ping_set=100\n');
}

/** All of its pipeline, if it has not ended by itself. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ESRCH') throw thrown;
  }
}

/** Both daemons on one line, but for the one whose part the example plays. */
async function startWorld(t: TestContext, command: string) {
  const directory = temporaryDirectory(t);
  const pty = await makePty(t, directory);
  const locals = { host: join(directory, 'host-local'), guest: join(directory, 'guest-local') };
  if (!command.includes(PLACES.qemu)) {
    const config = join(directory, 'vm-connectd.conf');
    writeFileSync(
      config,
      `[host]\nsocket = ${locals.host}\nlibvirt = test:///default\n[guest guest1]\npath = ${pty.socket}\n`,
    );
    const env = { CIB_file: join(directory, 'no-cib.xml'), PM_KVM_TOOLS_LOG: 'plain' };
    const daemon = runProgram(['-t', 'host', '--config', config], env);
    t.after(async () => {
      daemon.process.kill('SIGKILL');
      await daemon.ended;
    });
    await eventually('the host is linked', () => daemon.stderr().includes('=> mute'));
  }
  if (!command.includes(PLACES.port)) {
    const flags = ['-t', 'guest', '--socket', locals.guest, '--port', pty.device];
    const agent = await start(t, 'vm-connectd', flags);
    await agent.says(command.includes(PLACES.qemu) ? /port opened/ : /=> up/);
  }
  return { locals, port: pty.device, qemu: pty.socket };
}

async function askOfGuest(t: TestContext, socket: string): Promise<string> {
  const parameters = ['--socket', socket, '-t', 'monitor', '-r', 'default_ping_set'];
  const asker = await start(t, 'vm-connect', parameters);
  const { stdout, stderr } = await asker.ended;
  return stdout + stderr;
}

/** Member by member and in any order; `…` in the pattern is whatever stands there. */
function assertLike(got: Json, pattern: Json, what: string): void {
  if (typeof pattern === 'string' && pattern.endsWith('…')) {
    const head = pattern.slice(0, -1);
    if (head !== '') assert.ok(typeof got === 'string' && got.startsWith(head), `${got} is no ${pattern}`);
  } else if (isMembers(pattern) && isMembers(got)) {
    assert.deepEqual(Object.keys(got).sort(), Object.keys(pattern).sort(), what);
    for (const [name, member] of Object.entries(pattern)) assertLike(got[name] ?? null, member, what);
  } else {
    assert.deepEqual(got, pattern, what);
  }
}

const isMembers = (value: Json): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
