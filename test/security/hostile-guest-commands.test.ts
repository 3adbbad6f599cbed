/**
 * A guest that would have a command run on the host, against the real vm-connectd and a vm-stonithd with a decrypt command of the admin's own,
 * which is where version 1 was open to every guest: once as an argument of that command, once on its standard input.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Peer } from '../host/connect/peers.ts';
import { eventually } from '../support/eventually.ts';
import { ProcessWatch } from '../support/process-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { fence, greeted, realBridge } from './real-bridge.ts';

/** Keeps what it was called with and was told, and says as the name of a resource what the test has laid down for that token. */
const RECORDER = `#!/bin/sh
notes=\${0%/bin/decrypt}/notes
run=$(mktemp "$notes/run.XXXXXX")
printf '%s\\0' "$@" >"$run.words"
cat >"$run.input"
token=\${2:-$(cat "$run.input")}
cat "$notes/name.$token" 2>/dev/null
exit 0
`;

/** Takes its time, and leaves a note when it finds another one of itself. */
const SLOW = `#!/bin/sh
notes=\${0%/bin/decrypt}/notes
mkdir "$notes/running" || echo >"$notes/two"
echo >>"$notes/ran"
sleep 0.2
rmdir "$notes/running"
exit 1
`;

const PLAIN = 'PLAIN+=._-word';
const KIB = 1024;
const LONGEST_OF_V1 = 8 * KIB;
const AT_ONCE = 6;

function hostileWords(canary: string): readonly string[] {
  const touch = `touch\${IFS}${canary}`;
  return [
    `$(${touch})`,
    `\`${touch}\``,
    `;${touch};`,
    `|${touch}`,
    `&&${touch}`,
    `'"$(${touch})"'`,
    `"';${touch};'"`,
    `>${canary}`,
    `a\n${touch}`,
    `a\r${touch}`,
    `a\0${touch}`,
    `\0`,
    '-x',
    '--help',
    '-',
    `-out=${canary}`,
    `--output=${canary}`,
    `@${canary}`,
    '*',
    '{a,b}',
    '%n%s',
    `\u202e${touch}`,
    `$(${touch})`.padEnd(60 * KIB, 'A'),
    'A'.repeat(5 * KIB),
  ];
}

const AWAITED = ['status', 'off', 'reset', 'list', 'bare', 'named'];

function ask(bad: Peer, word: string, index: number): void {
  const say = (id: string, text: string, more: object = {}) =>
    bad.write(`${JSON.stringify({ ...fence(`${id}${index}`, text), ...more })}\n`);
  const hello = { type: 'hello', version: 2, agent: word, session: word, boot: word, name: word };
  bad.write(`${JSON.stringify(hello)}\n`);
  for (const operation of ['status', 'off', 'reset']) say(operation, `${operation} ${word}`);
  say('list', `list ${PLAIN} ${word}`);
  say('bare', word);
  say('named', `off NAME${index}`);
  say('', `off ${PLAIN}`, { id: word });
  say('service', 'x', { service: word });
  bad.write(`${JSON.stringify({ type: 'cancel', id: word })}\n`);
}

/** As many at once as a guest may have open. */
async function askAll(bad: Peer, words: readonly string[]): Promise<void> {
  for (let from = 0; from < words.length; from += AT_ONCE) {
    const now = words.slice(from, from + AT_ONCE).map((word, at) => ({ word, index: from + at }));
    for (const { word, index } of now) ask(bad, word, index);
    for (const { index } of now) {
      for (const id of AWAITED) {
        const reply = JSON.stringify(await bad.replyTo(`${id}${index}`));
        assert.doesNotMatch(reply, /"result":"confirmed","state":"o/, `${id} ${index}`);
      }
    }
  }
}

/** What has a NUL before other bytes is no frame of version 1, and may cost the next one: it comes last. */
async function askAllInV1(bad: Peer, words: readonly string[]): Promise<void> {
  const say = (id: string, word: string) => {
    bad.sayV1({ type: 1, id, client: 1, text: `off ${word}`.slice(0, LONGEST_OF_V1) }, 1);
  };
  const asked = words
    .filter((word) => !word.includes('\0'))
    .map((word, index) => ({ word, id: `old${index}` }));
  asked.push({ word: PLAIN, id: 'plain' });
  for (const { id, word } of asked) say(id, word);
  for (const { id } of asked)
    await eventually(`an answer to ${id}`, () => bad.v1Frames.some((frame) => frame.id === id));
  for (const word of words.filter((word) => word.includes('\0'))) say('none', word);
  assert.deepEqual([...new Set(bad.v1Frames.map(({ text }) => text))], ['', 'NG']);
}

async function tries(t: TestContext, usesStdin: boolean): Promise<void> {
  const canary = join(temporaryDirectory(t), 'canary');
  const words = hostileWords(canary);
  const settings = `decrypt-stdin = ${usesStdin ? 'yes' : 'no'}\n`;
  const bridge = await realBridge(t, { decrypt: { script: RECORDER, settings } });
  const notes = join(bridge.stonithd.directory, 'notes');
  mkdirSync(notes);
  for (const [index, word] of words.entries()) writeFileSync(join(notes, `name.NAME${index}`), `${word}\n`);
  const watch = new ProcessWatch(t, [canary]);
  const good = await greeted(bridge.good);
  const bad = await greeted(bridge.bad);
  await askAll(bad, words);
  await askAllInV1(bad, words);
  good.say(fence('mine', `status ${bridge.token}`));
  assert.match(JSON.stringify(await good.replyTo('mine')), /"result":"confirmed"/, 'it still serves');
  watch.end();

  const noted = (name: string) => {
    const files = readdirSync(notes).filter((file) => file.startsWith('run.') && file.endsWith(name));
    return [...new Set(files.map((file) => readFileSync(join(notes, file), 'utf8')))].sort();
  };
  const tokens = [PLAIN, ...words.keys()].map((one) => (one === PLAIN ? one : `NAME${one}`));
  const calls = tokens.map((token) => ['FIXED', token, ''].join('\0')).sort();
  assert.deepEqual(noted('.words'), usesStdin ? ['FIXED\0'] : calls, 'what it was called with');
  const inputs = tokens.map((token) => `${token}\n`).sort();
  assert.deepEqual(noted('.input'), usesStdin ? inputs : [''], 'what it was told');
  assert.deepEqual([...watch.leaks], [], 'no process was called with any of it');
  assert.ok(
    [...watch.seen].some((line) => line.includes('/bin/decrypt FIXED')),
    'calls are seen',
  );
  assert.ok(!existsSync(canary));
}

test('no words of it are executed, and the decrypt command has none but plain ones among its own', async (t) => {
  await tries(t, false);
});

test('the same where the decrypt command reads them', async (t) => {
  await tries(t, true);
});

test('one decrypt command at a time runs for it, however many tokens it has read, and others are served', async (t) => {
  const bridge = await realBridge(t, { decrypt: { script: SLOW } });
  const notes = join(bridge.stonithd.directory, 'notes');
  mkdirSync(notes);
  const good = await greeted(bridge.good);
  const bad = await greeted(bridge.bad);
  for (let list = 0; list < 8; list++)
    bad.say(
      fence(`list${list}`, `list ${Array.from({ length: 64 }, (_, at) => `W${list}x${at}`).join(' ')}`),
    );
  good.say(fence('mine', `status ${bridge.token}`));
  assert.match(JSON.stringify(await good.replyTo('mine')), /"result":"confirmed"/);
  await eventually('some have run', () => {
    const ran = join(notes, 'ran');
    return existsSync(ran) && readFileSync(ran, 'utf8').length > 4;
  });
  assert.ok(!existsSync(join(notes, 'two')));
});
