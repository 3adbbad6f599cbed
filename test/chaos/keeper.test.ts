/** Ends of daemons that nobody has caused are found, in what their keeper notes and in what they say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defectsIn, endedIn, unexplained } from './keeper.ts';
import { StrikeLedger } from './strike-ledger.ts';

const ledgerOf = (host: string, untilMs: number) => {
  const ledger = new StrikeLedger();
  const entry = {
    kind: 'killed',
    host,
    isHeavy: false,
    ends: { program: 'vm-stonithd', statuses: [137] } as const,
    movesClocks: false,
    fromMs: 10_000,
  };
  ledger.open(entry).untilMs = untilMs;
  return ledger;
};

test('an end without a fault that ends this daemon here is told, with its exit status', () => {
  const ends = endedIn('11.000000 137\n', 'vm-stonithd', 'hosta');
  assert.deepEqual(unexplained(ends, ledgerOf('hosta', 10_500)), []);
  for (const other of [
    unexplained(ends, ledgerOf('hostb', 10_500)),
    unexplained(endedIn('9.5 137\n', 'vm-stonithd', 'hosta'), ledgerOf('hosta', 10_500)),
    unexplained(endedIn('16.0 137\n', 'vm-stonithd', 'hosta'), ledgerOf('hosta', 10_500)),
    unexplained(endedIn('11.0 1\n', 'vm-connectd', 'hosta'), ledgerOf('hosta', 10_500)),
    unexplained(endedIn('11.0 1\n', 'vm-stonithd', 'hosta'), ledgerOf('hosta', 10_500)),
    unexplained(endedIn('11.0 137\n11.6 137\n', 'vm-stonithd', 'hosta'), ledgerOf('hosta', 10_500)),
  ])
    assert.equal(other.length, 1);
});

test('a fault that has met nothing has ended nothing', () => {
  const ledger = ledgerOf('hosta', 10_500);
  for (const entry of ledger.entries) entry.hasMet = false;
  assert.equal(unexplained(endedIn('11.0 137\n', 'vm-stonithd', 'hosta'), ledger).length, 1);
});

test('a stack trace in a log is a defect, and what a daemon says is none', () => {
  const trace = 'TypeError: x is not a function\n    at Object.<anonymous> (/usr/sbin/vm-stonithd:12:7)\n';
  assert.equal(defectsIn(trace).length, 2);
  assert.equal(defectsIn('Uncaught:\n').length, 1);
  assert.equal(defectsIn('<3>a request could not be served guest=x reason="TypeError: y"\n').length, 1);
  assert.equal(defectsIn('(node:7) MaxListenersExceededWarning: Possible memory leak\n').length, 1);
  assert.deepEqual(
    defectsIn('<3>cannot listen on /run/x: Error at the port; see above\nrequest answered\n'),
    [],
  );
});
