import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromArguments, fromInput } from '../../../guest/fence/read-parameters.ts';
import { readSettings } from '../../../guest/fence/settings.ts';
import { isNodeName, isToken, tokensFromFile, tokensFromParameter } from '../../../guest/fence/token-map.ts';
import { judgeList, judgeOperation } from '../../../guest/fence/verdict.ts';
import type { Json } from '../../../shared/protocol/message.ts';

const line = fc.tuple(
  fc.constantFrom('action', 'plug', 'token', 'tokens', 'delay', 'power_timeout', 'verbose', '', '#', 'x'),
  fc.constantFrom('=', ' = ', '', '=='),
  fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('off', '1', '"', '""', '$(x)', '9'.repeat(400))),
);

test('no input makes reading throw, and what is read keeps its bounds', () => {
  const text = fc.array(line).map((lines) => lines.map((parts) => parts.join('')).join('\n'));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), fc.boolean(), (input, isUnderPacemaker) => {
      const read = readSettings(fromInput(input), isUnderPacemaker);
      if (!read.ok) return;
      const { settings } = read;
      assert.ok(settings.plug === undefined || isNodeName(settings.plug));
      if (settings.tokens.kind === 'single') assert.ok(isToken(settings.tokens.token));
      for (const ms of [settings.powerTimeoutMs, settings.queryTimeoutMs])
        assert.ok(ms > 0 && ms <= 3_600_000);
      assert.ok(settings.leastDelayMs >= 0 && settings.mostDelayMs >= settings.leastDelayMs);
    }),
    { numRuns: 2000 },
  );
});

test('no command line makes reading throw', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('-o', '--plug=', '--', '-', '-qv', '--token', '-nx', '--='),
  );
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const read = fromArguments(words);
      assert.ok(read.ok || read.problem !== '');
    }),
  );
});

const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/), { minLength: 1, maxLength: 20 });
const tokens = fc.stringMatching(/^[A-Za-z0-9+/=._:-]{1,80}$/);

test('what is written as a map or as a file is read as the same map', () => {
  const map = names.chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(fc.constant(key), tokens))));
  fc.assert(
    fc.property(map, fc.constantFrom(' ', ',', ';', '\n', ' ; '), (entries, gap) => {
      const asParameter = tokensFromParameter(entries.map((entry) => entry.join(':')).join(gap));
      const asFile = tokensFromFile('f', entries.map((entry) => `${entry.join(' ')}\n`).join(''));
      for (const read of [asParameter, asFile]) {
        assert.ok(read.ok);
        assert.deepEqual([...read.tokens], entries);
      }
    }),
  );
});

test('no text makes reading tokens throw, and no problem shows more than a name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const read of [tokensFromParameter(text), tokensFromFile('f', text)]) {
        if (!read.ok) continue;
        for (const [name, token] of read.tokens) assert.ok(isNodeName(name) && isToken(token));
      }
    }),
  );
  const read = tokensFromParameter('SECRET a:SECRET :SECRET a:SECRET');
  assert.ok(!read.ok);
  assert.equal(read.problems.length, 3);
  assert.doesNotMatch(read.problems.join(), /SECRET/);
});

test('no reply is taken for done but the one that says so in every member', () => {
  const member = fc.oneof(fc.constantFrom('confirmed', 'off', 'on', 'OK', 'failed'), fc.jsonValue());
  const detail = fc.oneof(
    fc.jsonValue(),
    fc.record({ result: member, state: member, reason: member }, { requiredKeys: [] }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.constant('OK'), fc.string()), detail, (text, value) => {
      const json: Json = JSON.parse(JSON.stringify(value));
      for (const action of ['off', 'reboot', 'on', 'status'] as const) {
        const verdict = judgeOperation(action, { text, detail: json });
        if (verdict.kind !== 'done') continue;
        assert.equal(text, 'OK');
        assert.equal(JSON.parse(JSON.stringify(json)).result, 'confirmed');
        if (action === 'off') assert.notEqual(verdict.value, 'on');
      }
      judgeList(2, { text, detail: json });
    }),
    { numRuns: 2000 },
  );
});
