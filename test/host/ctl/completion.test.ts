/** Completion scripts are understood by their shells, and know every command and option. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { vmCtl } from './vm-ctl.ts';

test('bash completes commands, options, and names that need quoting', async (t) => {
  const folder = temporaryDirectory(t);
  const script = join(folder, 'completion');
  const { stdout } = await vmCtl(['completion', 'bash']);
  writeFileSync(script, stdout);
  writeFileSync(
    join(folder, 'vm-ctl'),
    `#!/bin/sh\n[ "$2" = nodes ] && echo hosta || printf 'web1\\nmy guest\\n'\n`,
  );
  chmodSync(join(folder, 'vm-ctl'), 0o755);
  const complete = async (...words: string[]) => {
    const test = `. ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vm_ctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = await runCommand(['bash', '-c', test, 'bash', 'vm-ctl', ...words], {
      deadlineMs: 10_000,
      env: { PATH: `${folder}:${process.env['PATH']}` },
    });
    assert.equal(result.stderr, '');
    return result.stdout.split('\n').filter((line) => line !== '');
  };
  assert.deepEqual(await complete('re'), ['resource']);
  assert.deepEqual(await complete('resource', 'st'), ['start', 'stop']);
  assert.deepEqual(await complete('resource', 'start', ''), ['web1', 'my\\ guest']);
  assert.deepEqual(await complete('resource', 'start', 'w'), ['web1']);
  assert.deepEqual(await complete('resource', 'move', 'web1', '-n', ''), ['hosta']);
  assert.deepEqual(await complete('resource', 'add', 'web1', '--form'), ['--format']);
  assert.deepEqual(await complete('evacuate', 'h'), ['hosta']);
});

test('a system that does not answer completes nothing, and quietly', async () => {
  const ran = await vmCtl(['completion', 'nodes']);
  assert.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [0, '', '']);
});
