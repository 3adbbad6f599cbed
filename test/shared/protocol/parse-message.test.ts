import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeMessage } from '../../../shared/protocol/encode-message.ts';
import { type Json, MAX_FRAME_BYTES, type Message } from '../../../shared/protocol/message.ts';
import { parseMessage } from '../../../shared/protocol/parse-message.ts';
import { anyId, anyJson, anyMessage, decode, encoded } from './frames.ts';

type Members = Readonly<Record<string, Json>>;

/** One good message of each type, with every member there is. */
const COMPLETE: Readonly<Record<string, Members>> = {
  hello: {
    type: 'hello',
    version: 2,
    agent: 'vm-connectd 2.0.0',
    session: 's',
    boot: 'b',
    name: 'n',
    host: 'h',
    guest: 'g',
    services: ['stonith'],
    role: 'guest',
  },
  request: {
    type: 'request',
    id: 'id-1',
    service: 'stonith',
    text: '',
    deadlineMs: 1,
    detail: null,
    reply: false,
    impatient: true,
    guest: 'g',
    protocol: 1,
  },
  reply: { type: 'reply', id: 'id-1', text: 'OK', detail: [1], guest: 'g' },
  'error reply': { type: 'reply', id: 'id-1', error: { code: 'refused', message: 'no', retry: false } },
  cancel: { type: 'cancel', id: 'id-1', guest: 'g' },
  services: { type: 'services', services: [] },
  ping: { type: 'ping', nonce: 0 },
  pong: { type: 'pong', nonce: Number.MAX_SAFE_INTEGER },
  register: { type: 'register', service: 'monitor' },
  registered: { type: 'registered', service: 'monitor' },
  error: { type: 'error', code: 'x', message: 'y' },
};

const MUST: Readonly<Record<string, readonly string[]>> = {
  hello: ['version', 'agent', 'session'],
  request: ['id', 'service', 'text', 'deadlineMs'],
  reply: ['id', 'text'],
  'error reply': ['id'],
  cancel: ['id'],
  services: ['services'],
  ping: ['nonce'],
  pong: ['nonce'],
  register: ['service'],
  registered: ['service'],
  error: ['code', 'message'],
};

const LONG = 'x'.repeat(1_025);
const NO_ID: readonly Json[] = ['', 'a b', 'a/b', 'ä', 'x'.repeat(64), 'a\n', 7, null, ['a'], {}];
const NO_SERVICE: readonly Json[] = ['', 'A', 'a b', 'x'.repeat(33), 'a\n', 7, null, ['a']];
const NO_WORDS: readonly Json[] = [LONG, 7, null, true, ['a'], {}];
const NO_FLAG: readonly Json[] = ['true', 0, null, []];
const NO_LIST: readonly Json[] = ['stonith', null, {}, [7], ['A'], Array.from({ length: 65 }, () => 'a')];
const NO_NUMBER: readonly Json[] = ['1', 1.5, -1, null, true, [1], 1e16, Number.POSITIVE_INFINITY];

/** What each member must not be. */
const WRONG: Readonly<Record<string, readonly Json[]>> = {
  version: [...NO_NUMBER, 0, 1_000_001],
  agent: NO_WORDS,
  session: NO_WORDS,
  boot: NO_WORDS,
  name: NO_WORDS,
  host: NO_WORDS,
  guest: NO_WORDS,
  services: NO_LIST,
  role: ['', 'Host', 7, null],
  id: NO_ID,
  service: NO_SERVICE,
  text: [7, null, [], {}],
  deadlineMs: [...NO_NUMBER, 0, 3_600_001],
  detail: [nested(65), nested(10_000)],
  reply: NO_FLAG,
  impatient: NO_FLAG,
  protocol: [0, 3, '2', null],
  error: [7, null, 'x', []],
  nonce: NO_NUMBER,
  code: NO_WORDS,
  message: [7, null, [], {}],
};

function nested(levels: number): Json {
  let value: Json = 0;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const without = (members: Members, key: string): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => name !== key));

test('a complete message of every type is taken as it is', () => {
  for (const members of Object.values(COMPLETE)) {
    assert.deepEqual(parseMessage(members), { ok: true, message: members });
  }
});

test('without a member that must be there the fault names it', () => {
  for (const [kind, keys] of Object.entries(MUST)) {
    for (const key of keys) {
      const parsed = parseMessage(without(COMPLETE[kind] ?? {}, key));
      assert.ok(!parsed.ok && parsed.kind === 'bad-message', `${kind} without ${key}`);
      assert.match(parsed.fault, new RegExp(`^${key} `));
    }
  }
});

test('without a member that may be there it is a message all the same', () => {
  for (const [kind, members] of Object.entries(COMPLETE)) {
    for (const key of Object.keys(members)) {
      if (key === 'type' || key === 'error' || MUST[kind]?.includes(key)) continue;
      assert.deepEqual(parseMessage(without(members, key)), { ok: true, message: without(members, key) });
    }
  }
});

test('a member of the wrong kind or out of bounds is named by the fault, in every type that has it', () => {
  for (const [kind, members] of Object.entries(COMPLETE)) {
    for (const key of Object.keys(members)) {
      if (key === 'type') continue;
      for (const value of WRONG[key] ?? assert.fail(`no wrong values for ${key}`)) {
        const parsed = parseMessage({ ...members, [key]: value });
        assert.ok(!parsed.ok && parsed.kind === 'bad-message', `${kind}: ${key} ${String(value)}`);
        assert.match(parsed.fault, new RegExp(`^${key} `));
        assert.equal(parsed.id, key === 'id' ? undefined : members['id']);
      }
    }
  }
});

test('the members of an error are named with it', () => {
  const error = { code: 'refused', message: 'no', retry: false };
  for (const [key, value] of [
    ['code', 7],
    ['message', null],
    ['retry', 'no'],
  ] as const) {
    for (const wrong of [{ ...error, [key]: value }, without(error, key)]) {
      const parsed = parseMessage({ type: 'reply', id: 'x', error: wrong });
      assert.ok(!parsed.ok && parsed.kind === 'bad-message');
      assert.match(parsed.fault, new RegExp(`^error\\.${key} `));
    }
  }
});

test('words for people that are too long are cut, so that what they go with is not lost', () => {
  const parsed = parseMessage({ type: 'reply', id: 'x', error: { code: 'c', message: LONG, retry: true } });
  const error = { code: 'c', message: 'x'.repeat(1_024), retry: true };
  assert.deepEqual(parsed, { ok: true, message: { type: 'reply', id: 'x', error } });
});

test('members that nobody knows are ignored, whatever they are', () => {
  fc.assert(
    fc.property(anyMessage, fc.string(), anyJson, (message, key, value) => {
      const members = { ...message, [`x-${key}`]: value };
      assert.deepEqual(parseMessage(JSON.parse(JSON.stringify(members))), { ok: true, message });
    }),
  );
});

test('members called __proto__, constructor or toString are members like any other', () => {
  const line = (inner: string) =>
    Buffer.from(`{"type":"request","id":"x","service":"a","text":"t","deadlineMs":1,${inner}}\n`);
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const { frames } = decode([
      line(`"${name}":{"guest":"forged","reply":false},"detail":{"${name}":{"a":1}}`),
    ]);
    const [frame] = frames;
    assert.ok(frame?.kind === 'message' && frame.message.type === 'request');
    const { message } = frame;
    assert.equal(Object.getPrototypeOf(message), Object.prototype);
    assert.equal(message.guest, undefined);
    assert.equal(message.reply, undefined);
    assert.equal(encoded(message).toString(), line(`"detail":{"${name}":{"a":1}}`).toString());
  }
  assert.equal(Object.hasOwn(Object.prototype, 'guest'), false);
});

test('a member that only __proto__ gives is missing', () => {
  const { frames } = decode([Buffer.from('{"type":"cancel","__proto__":{"id":"x"}}\n')]);
  assert.deepEqual(frames, [{ kind: 'bad-message', fault: 'id is missing or no text' }]);
});

test('any JSON value is looked at without a crash', () => {
  fc.assert(
    fc.property(anyJson, fc.constantFrom(...Object.keys(COMPLETE)), (value, type) => {
      parseMessage(value);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        parseMessage({ ...value, type });
        parseMessage({ ...COMPLETE[type], ...value });
      }
    }),
  );
});

test('what was encoded is decoded as it was', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      assert.deepEqual(decode([encoded(message)]).frames, [{ kind: 'message', message }]);
    }),
    { numRuns: 1_000 },
  );
});

test('what is accepted can be encoded again, as deep as it may be', () => {
  const message: Message = { type: 'reply', id: 'x', text: '', detail: nested(64) };
  assert.deepEqual(decode([encoded(message)]).frames, [{ kind: 'message', message }]);
});

test('a message is encoded to one line within the limit, or not at all', () => {
  fc.assert(
    fc.property(
      anyId,
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom('x', 'é', '\n'),
      (id, beyond, unit) => {
        const empty = encoded({ type: 'reply', id, text: '' }).length;
        const unitBytes = unit === 'x' ? 1 : 2;
        const units = Math.floor((MAX_FRAME_BYTES - empty + beyond) / unitBytes);
        const bytes = encodeMessage({ type: 'reply', id, text: unit.repeat(units) });
        const expected = empty + units * unitBytes;
        assert.equal(bytes?.length, expected <= MAX_FRAME_BYTES ? expected : undefined);
        if (bytes !== undefined) assert.equal(bytes.indexOf('\n'), bytes.length - 1);
      },
    ),
  );
});

test('members that nobody uses are left out, however large they are', () => {
  const huge = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`limit${index}`, index]));
  const parsed = parseMessage({ type: 'hello', version: 2, agent: 'a', session: 's', limits: huge, x: huge });
  assert.deepEqual(parsed, {
    ok: true,
    message: { type: 'hello', version: 2, agent: 'a', session: 's' },
  });
});

test('a reply with a wrong member still says whose it is, where that can be read', () => {
  const wrong = { type: 'reply', id: 'a', guest: 'guest1', error: { code: 'x', message: 'y' } };
  const parsed = parseMessage(wrong);
  assert.ok(!parsed.ok && parsed.kind === 'bad-message');
  assert.deepEqual(parsed.replyTo, { id: 'a', guest: 'guest1' });
  const request = parseMessage({ ...wrong, type: 'request' });
  assert.ok(!request.ok && request.kind === 'bad-message' && request.replyTo === undefined);
  const nameless = parseMessage({ ...wrong, id: 'a b' });
  assert.ok(!nameless.ok && nameless.kind === 'bad-message' && nameless.replyTo === undefined);
});
