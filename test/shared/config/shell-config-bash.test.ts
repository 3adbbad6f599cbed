/** The reader against the shell that it stands in for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { readShellConfig, type ShellEntry } from '../../../shared/config/shell-config.ts';
import { nearMiss, SETTING_NAMES, shellFile } from './shell-files.ts';

/** Sources `$1/0`, `$1/1` and so on, each in a shell of its own, and prints every setting as attributes, count, values. */
const SOURCE_ALL = `
PATH=/nowhere
for ((i = 0; i < $2; i++)); do (
  source "$1/$i"
  for name in "\${@:3}"; do
    declare -n setting=$name
    printf '%s\\0' "\${setting@a}" "\${#setting[@]}" "\${setting[@]}"
    unset -n setting
  done
); done`;

/** So that a pattern which bash would expand doesn't look like its own value. */
const FILES_TO_MATCH = ['a', 'b', 'x', 'y'];

let directory: string;
let workingDirectory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'shell-config-'));
  workingDirectory = join(directory, 'work');
  mkdirSync(workingDirectory);
  for (const name of FILES_TO_MATCH) writeFileSync(join(workingDirectory, name), '');
});

afterEach(() => rmSync(directory, { recursive: true }));

function bash(script: string, args: readonly string[]): string {
  const result = spawnSync('bash', ['--norc', '--noprofile', '-c', script, 'bash', ...args], {
    cwd: workingDirectory,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  assert.equal(result.stderr, '');
  assert.equal(result.status, 0);
  return result.stdout;
}

/** What bash has in the known names after each of the files, in the form of `settingsOf`. */
function sourceAll(texts: readonly string[]): string[][] {
  for (const [index, text] of texts.entries()) writeFileSync(join(directory, `${index}`), text);
  const fields = bash(SOURCE_ALL, [directory, `${texts.length}`, ...SETTING_NAMES]).split('\0');
  let at = 0;
  return texts.map(() =>
    SETTING_NAMES.map((name) => {
      const [attributes, count] = fields.slice(at, at + 2);
      const values = fields.slice(at + 2, at + 2 + Number(count));
      at += 2 + values.length;
      return describeSetting(name, attributes === 'a', values);
    }),
  );
}

function settingsOf(entries: readonly ShellEntry[]): string[] {
  return SETTING_NAMES.map((name) => {
    const entry = entries.find((candidate) => candidate.name === name);
    if (entry === undefined) return describeSetting(name, false, []);
    return entry.kind === 'list'
      ? describeSetting(name, true, entry.values)
      : describeSetting(name, false, [entry.value]);
  });
}

/** An empty list and a name that isn't set look alike in bash. */
function describeSetting(name: string, isList: boolean, values: readonly string[]): string {
  return JSON.stringify({ name, isList: isList && values.length > 0, values });
}

describe('readShellConfig beside bash', () => {
  it('gets every accepted value as bash gets it, and bash finds nothing to run', () => {
    const texts = [...fc.sample(shellFile, 800), ...fc.sample(nearMiss, 2000)];
    const accepted = texts.flatMap((text) => {
      const result = readShellConfig('f', text);
      // Carriage returns and byte order marks are what the reader forgives and bash doesn't.
      return result.ok && !/[\r\uFEFF]/.test(text) ? [{ text, settings: settingsOf(result.entries) }] : [];
    });
    assert.ok(accepted.length > 400, `only ${accepted.length} files were accepted`);
    const sourced = sourceAll(accepted.map(({ text }) => text));
    for (const [index, { text, settings }] of accepted.entries()) {
      assert.deepEqual(settings, sourced[index], `bash differs on ${JSON.stringify(text)}`);
    }
    assert.deepEqual(readdirSync(workingDirectory), FILES_TO_MATCH);
  });

  it('refuses every position from which bash runs a command', () => {
    const live = [
      ...[
        '$(touch CANARY)',
        '`touch CANARY`',
        '$( (touch CANARY) )',
        `\${x:=$(touch CANARY)}`,
        '$((a[$(touch CANARY)]))',
      ].flatMap((command) => [
        `vm_a=${command}`,
        `vm_a=x${command}y`,
        `vm_a="${command}"`,
        `vm_a="\\\\${command}"`,
        `vm_a='x'${command}`,
        `vm_a="it's ${command}"`,
        `vm_a=\\\n${command}`,
        `vm_a=(${command})`,
        `vm_a=(a "b ${command}")`,
        `vm_a=(a\n b # comment\n ${command}\n)`,
        `vm_a=(x\\\n${command})`,
        `vm_a[${command}0]=x`,
        `vm_a=([${command}0]=x)`,
        `vm_a+=${command}`,
        `vm_a=x#${command}`,
        `vm_a=(x#${command})`,
        `vm_a=\\\\${command}`,
        `export vm_a=${command}`,
        `vm_a= ${command}`,
        `vm_a=x ${command}`,
        `: ${command}`,
      ]),
      'touch CANARY',
      'vm_a=x touch CANARY',
      'vm_a=x;touch CANARY',
      'vm_a=x; touch CANARY',
      'vm_a=x&touch CANARY',
      'vm_a=x&&touch CANARY',
      'vm_a=(x);touch CANARY',
      'vm_a=(x) touch CANARY',
      'vm_a=x|touch CANARY',
      'vm_a=x>CANARY',
      'vm_a=>CANARY',
      'vm_a=x >CANARY',
      '>CANARY',
      'vm_a=<(touch CANARY)',
      'vm_a=(<(touch CANARY))',
      'vm_a() { touch CANARY; }\nvm_a',
      'if true; then touch CANARY; fi',
      'vm_a=\\\n touch CANARY',
      '\\\ntouch CANARY',
      'eval "touch CANARY"',
      "vm_a=$'x' touch CANARY",
      '# \\\ntouch CANARY',
    ];
    const canary = join(workingDirectory, 'CANARY');
    for (const [index, text] of live.entries()) {
      assert.equal(readShellConfig('f', text).ok, false, `accepted: ${text}`);
      writeFileSync(join(directory, `${index}`), `${text}\n`);
    }
    assert.equal(existsSync(canary), false);

    const script = `
      for ((i = 0; i < $2; i++)); do
        ( source "$1/$i"; wait ) >&2 2>/dev/null
        for ((tries = 0; tries < 20; tries++)); do [[ -e CANARY ]] && break; sleep 0.05; done
        if [[ -e CANARY ]]; then rm CANARY; else echo "$i"; fi
      done`;
    const dead = bash(script, [directory, `${live.length}`]);
    assert.deepEqual(
      dead
        .split('\n')
        .filter(Boolean)
        .map((index) => live[Number(index)]),
      [],
      'bash ran nothing, so this proves nothing',
    );
  });
});
