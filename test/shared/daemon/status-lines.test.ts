import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusLines } from '../../../shared/daemon/status-lines.ts';

test('a state is shown line by line, simple parts on one, and nothing of it as JSON', () => {
  const status = {
    agent: 'vm-stonithd 2.0.0',
    jobs: 0,
    version1: false,
    error: null,
    keys: [
      { id: 'f463e419', state: 'active' },
      { id: '0940ebe8', state: 'withdrawn' },
    ],
    rules: ['default_ping_set', 'diskcheck_status'],
    counters: { requests: { off: { confirmed: 1, failed: 2 } }, refusals: {}, guests: [] },
  };
  const expected = `agent: vm-stonithd 2.0.0
jobs: 0
version1: no
error: -
keys:
  id f463e419, state active
  id 0940ebe8, state withdrawn
rules:
  default_ping_set
  diskcheck_status
counters:
  requests:
    off: confirmed 1, failed 2
  refusals: none
  guests: none
`;
  assert.equal(statusLines(status), expected);
});

test('what a value holds does not move the cursor of whoever looks', () => {
  assert.equal(statusLines({ name: 'a\u001b[2Jb' }), 'name: a?[2Jb\n');
});
