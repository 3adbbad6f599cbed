/** What is left is found by its name and its number, and what is there for a moment only is not left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseXml } from '../../host/xml/parse-xml.ts';
import { butRoles, differences, flat, markLinesLeft } from './cluster-left.ts';
import { type Condition, inCommon, leftBehind } from './leftovers.ts';
import { countOf, withoutIds } from './multiset.ts';

const condition = (change: Partial<Condition> = {}): Condition => ({
  files: countOf(['hosta: run/a']),
  processes: countOf(['hosta: corosync -f']),
  sockets: countOf(['hosta: /run/vmconnectd.sock']),
  usage: new Map([['vm-stonithd on hosta', { files: 20, rssMiB: 60 }]]),
  ...change,
});

test('a second process, file or socket of a name that was there is left, and one that is gone is missed', () => {
  const twice = (name: string) => countOf([name, name]);
  const none = countOf([]);
  for (const [change, count] of [
    [{ processes: twice('hosta: corosync -f') }, 1],
    [{ files: twice('hosta: run/a') }, 1],
    [{ sockets: countOf(['hosta: /run/vmconnectd.sock', 'hosta: @pm-kvm-tools/vm-ctl/HEX']) }, 1],
    [{ processes: none, sockets: none }, 2],
    [{ usage: new Map() }, 1],
    [{ usage: new Map([['vm-stonithd on hosta', { files: 25, rssMiB: 111 }]]) }, 2],
    [{}, 0],
  ] as const)
    assert.equal(leftBehind(condition(), condition(change)).length, count);
});

test('what is not in every look is not left', () => {
  const passing = { ...condition(), processes: countOf(['hosta: corosync -f', 'hosta: virsh list']) };
  assert.deepEqual([...inCommon([passing, condition(), passing]).processes.keys()], ['hosta: corosync -f']);
});

test('ids, pids and times make no new name', () => {
  assert.equal(withoutIds('run/lock.4711'), withoutIds('run/lock.99'));
  const uuid = (one: string) => `@pm/${one}23e4567-e89b-12d3-a456-426614174000`;
  assert.equal(withoutIds(uuid('1')), withoutIds(uuid('a')));
  assert.equal(withoutIds('tmp/tmp.aX3bQ9zR1k'), withoutIds('tmp/tmp.0Qw8eRtYu1'));
  assert.notEqual(withoutIds('vm-connectd -t guest'), withoutIds('vm-connectd -t host'));
});

const holdings = (inner: string) => {
  const parsed = parseXml(`<configuration>${inner}</configuration>`);
  assert.ok(parsed.ok);
  return flat(parsed.root);
};
const pair = (name: string, value: string) => `<nvpair id="i-${name}" name="${name}" value="${value}"/>`;

test('what is new, gone or other in the cluster is told by its name, but for what the cluster itself remembers', () => {
  const before = holdings(pair('a', '1') + pair('b', '1'));
  const after = holdings(pair('a', '2') + pair('c', '1') + pair('fail-count-x#stop', '1'));
  assert.equal(differences(before, after).length, 3);
  assert.deepEqual(differences(before, before), []);
  const twoRoles = holdings(pair('target-role', 'Started') + pair('target-role', 'Stopped'));
  assert.equal(differences(holdings(pair('target-role', 'Started')), twoRoles).length, 1);
  assert.deepEqual(
    differences(butRoles(holdings('')), butRoles(holdings(pair('target-role', 'Started')))),
    [],
  );
});

test('an attribute that has a value is left, one that there is not is not, and silence is no answer', () => {
  const names = ['force_stop', 'arriving'].flatMap((mark) =>
    ['one', 'two', 'three'].map((victim) => `${mark}-prmVMCTL_chaos-${victim}`),
  );
  const none = names.map((name) => `${name} 105 Could not query value of ${name}: attribute does not exist`);
  assert.deepEqual(markLinesLeft(none, 'hosta'), []);
  const empty = none.map((line) => line.replace(/ 105 .*/, ' 0 name="x" host="hosta" value=""'));
  assert.deepEqual(markLinesLeft(empty, 'hosta'), []);
  const [first = '', ...others] = none;
  assert.equal(
    markLinesLeft([first.replace(/ 105 .*/, ' 0 name="x" host="hosta" value="1"'), ...others], 'hosta')
      .length,
    1,
  );
  assert.equal(markLinesLeft([first.replace(/ 105 .*/, ' 124 '), ...others], 'hosta').length, 1);
  assert.equal(markLinesLeft(others, 'hosta').length, 1);
});
