/** Completion scripts are understood by their shells, and know every command and option. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
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

/**
 * A real interactive zsh on a terminal of its own (zsh/zpty): the words are typed, TAB is pressed, and a key of ours
 * prints what the line is then. Before its prompt the editor does not read yet: the terminal itself would take ^U for the
 * end of all that was typed.
 */
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
put() { zpty -w -n shell "$1"; }
put $'PS1="no""w> " PS2=""; unsetopt prompt_sp; fpath=('$1$' $fpath); autoload -U compinit; compinit -u -D\n'
put $'show() { print -r -- "BEGIN:$BUFFER:END"; }; zle -N show; bindkey "^T" show; bindkey "^I" complete-word; echo rea""dy\n'
zpty -r shell seen '*ready*now> *'
shift
for line in "$@"; do
  put "$line"$'\t\x14\x15'
  zpty -r shell seen '*BEGIN:*:END*'
  print -r -- "\${\${seen##*BEGIN:}%%:END*}"
done
zpty -d shell
`;

test('zsh completes commands, options, and names that need quoting, at the first TAB', async (t) => {
  const folder = temporaryDirectory(t);
  const functions = join(folder, 'functions');
  mkdirSync(functions);
  writeFileSync(join(functions, '_vm-ctl'), (await vmCtl(['completion', 'zsh'])).stdout);
  writeFileSync(
    join(folder, 'vm-ctl'),
    `#!/bin/sh\n[ "$2" = nodes ] && echo hosta || printf 'web1\\nmy guest\\n'\n`,
  );
  chmodSync(join(folder, 'vm-ctl'), 0o755);
  const typed = [
    'vm-ctl reso',
    'vm-ctl resource sta',
    'vm-ctl resource start w',
    'vm-ctl resource start m',
    'vm-ctl resource move web1 -n ',
    'vm-ctl resource add web1 --form',
    'vm-ctl resource add web1 --format c',
    'vm-ctl evacuate h',
    'vm-ctl host init --pi',
  ];
  const result = await runCommand(['zsh', '-f', '-c', ZSH_DRIVER, 'zsh', functions, ...typed], {
    deadlineMs: 30_000,
    env: { PATH: `${folder}:${process.env['PATH']}` },
  });
  assert.equal(result.kind, 'exited', JSON.stringify(result));
  assert.deepEqual(
    result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim()),
    [
      'vm-ctl resource',
      'vm-ctl resource start',
      'vm-ctl resource start web1',
      'vm-ctl resource start my\\ guest',
      'vm-ctl resource move web1 -n hosta',
      'vm-ctl resource add web1 --format',
      'vm-ctl resource add web1 --format crm',
      'vm-ctl evacuate hosta',
      'vm-ctl host init --ping',
    ],
  );
});

test('a system that does not answer completes nothing, and quietly', async () => {
  const ran = await vmCtl(['completion', 'nodes']);
  assert.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [0, '', '']);
});
