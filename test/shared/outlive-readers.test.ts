/** Law: a program whose output nobody reads ends as it would have ended, and prints no stack trace. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { bundledProgram } from '../support/bundle.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Descriptor 3 is a pipe whose only reader has ended by the time the program starts. */
const UNREAD = 'exec 3> >(:); wait $!; exec "$@"';

const PROGRAMS = [
  ['host/bin/vm-ctl.ts', '--help'],
  ['host/bin/vm-ctl.ts', '--version'],
  ['host/bin/vm-connectd.ts', '-t', 'host', '--help'],
  ['host/bin/vm-stonithd.ts', '--help'],
  ['host/bin/vm-stonithd.ts', '--version'],
  ['host/bin/vm-managerd.ts', '--help'],
  ['guest/bin/vm-connectd.ts', '-t', 'guest', '--help'],
  ['guest/bin/vm-connect.ts', '--help'],
  ['guest/bin/fence-vm.ts', '--help'],
] as const;

for (const [source, ...words] of PROGRAMS) {
  test(`${source} ${words.join(' ')} ends well and silently where nobody reads it`, () => {
    const { status, stderr } = ended(`${UNREAD} >&3`, source, words);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });
}

/** A defect would end with 1. */
const SOMEBODY_IS_AWAY = 2;

test('an exit status stays what it is where nobody reads what went wrong', (t) => {
  const socket = `${temporaryDirectory(t)}/nobody.sock`;
  for (const [source, ...words] of [
    ['host/bin/vm-managerd.ts', '--status', '--status-socket', socket],
    ['host/bin/vm-connectd.ts', '--status', '--socket', socket],
  ] as const) {
    const read = ended('exec "$@"', source, words);
    assert.match(read.stderr, /nobody\.sock/, source);
    assert.equal(read.status, SOMEBODY_IS_AWAY, source);
    assert.equal(ended(`${UNREAD} 2>&3`, source, words).status, SOMEBODY_IS_AWAY, source);
  }
});

function ended(script: string, source: string, words: readonly string[]) {
  const argv = ['-c', script, 'bash', bundledProgram(source), ...words];
  return spawnSync('bash', argv, { encoding: 'utf8', timeout: 60_000 });
}
