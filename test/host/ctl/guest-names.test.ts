import assert from 'node:assert/strict';
import { test } from 'node:test';
import { message } from '../../../host/ctl/messages/message.ts';
import { meantNames, splitNames, wantedNames } from '../../../host/ctl/plan/guest-names.ts';

const missing = (guest: string) => message('guest-not-registered', { guest });
const meant = (wanted: readonly string[], known: readonly string[], literal: readonly string[] = []) => {
  const { names, problems } = meantNames(wantedNames(wanted, literal), new Set(known), missing);
  return [names, problems.map(({ key }) => key)];
};

test('names are parted by commas, blanks behind them or not, and duplicates fold', () => {
  const wanted = ['guest1', 'guest2', 'guest3'];
  for (const words of [
    ['guest1,', 'guest2', ',guest3'],
    ['guest1,guest2,', ',guest3,guest1'],
    ['guest1', 'guest2', 'guest3'],
    ['guest1 , guest2', ',', ' guest3'],
  ]) {
    assert.deepEqual(splitNames(words), wanted, JSON.stringify(words));
  }
  assert.deepEqual(splitNames(['my guest', 'a\\,b']), ['my guest', 'a,b']);
});

test('patterns are those of a shell', () => {
  const known = ['web1', 'web2', 'db1', 'web.x', 'a+b', '[x]'];
  assert.deepEqual(meant(['web*'], known), [['web.x', 'web1', 'web2'], []]);
  assert.deepEqual(meant(['web?', 'db1', 'web1'], known), [['web1', 'web2', 'db1'], []]);
  assert.deepEqual(meant(['web[!1]'], known), [['web2'], []]);
  assert.deepEqual(meant(['a+*'], known), [['a+b'], []]);
  assert.deepEqual(meant(['x*', 'nope', 'web[z-a]'], known), [
    [],
    ['pattern-matches-nothing', 'guest-not-registered', 'pattern-matches-nothing'],
  ]);
});

test('a name that exists is no pattern', () => {
  assert.deepEqual(meant(['*', '[x]'], ['*', '[x]', 'x']), [['*', '[x]'], []]);
});

test('a name behind -- is never a pattern, also when there is no such guest', () => {
  const known = ['web1', 'web2', '[x]'];
  assert.deepEqual(meant([], known, ['web*', 'web?', '[x]']), [
    ['[x]'],
    ['guest-not-registered', 'guest-not-registered'],
  ]);
  assert.deepEqual(meant(['web*'], known, ['web1']), [['web1', 'web2'], []]);
});

test('a pattern of many stars takes no time', () => {
  assert.deepEqual(meant([`${'*'.repeat(500)}b`], ['a'.repeat(500)])[1], ['pattern-matches-nothing']);
});
