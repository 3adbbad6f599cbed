/** The question before a change, on a terminal of its own (script): only a yes is a yes, and leaving is a no. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { program, workbench } from './vm-ctl.ts';

interface Asked {
  readonly exitCode: unknown;
  readonly screen: string;
}

/** Types `keys` when it is asked, or sends SIGTERM. */
async function deleteAnswering(keys: string | undefined, cib: string, config: string): Promise<Asked> {
  const words = `${process.execPath} ${program()} resource delete guest1 --cib-file ${cib} --config ${config}`;
  const child = spawn('script', ['-qec', `echo pid=$$; exec ${words}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, LC_ALL: 'C' },
    timeout: 20_000,
  });
  let screen = '';
  let isAnswered = false;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    if (isAnswered || !screen.includes('[y/N]')) return;
    isAnswered = true;
    if (keys !== undefined) child.stdin.write(keys);
    else process.kill(Number(/pid=(\d+)/.exec(screen)?.[1]), 'SIGTERM');
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, screen };
}

for (const [name, keys] of [
  ['no', 'n\r'],
  ['nothing', '\r'],
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
  ['SIGTERM', undefined],
] as const) {
  test(`${name} at the question is a no: nothing is changed, and it is said in a line`, async (t) => {
    const { cib, config, done } = workbench(t);
    await done(['resource', 'add', 'guest1', '-a', 'host1']);
    const before = readFileSync(cib, 'utf8');
    const { exitCode, screen } = await deleteAnswering(keys, cib, config);
    assert.equal(exitCode, 1, screen);
    assert.match(screen, /not confirmed\r\nvm-ctl: nothing has been changed\r\n$/);
    assert.equal(readFileSync(cib, 'utf8'), before);
  });
}

test('yes at the question is a yes', async (t) => {
  const { cib, config, done } = workbench(t);
  await done(['resource', 'add', 'guest1', '-a', 'host1']);
  const { exitCode, screen } = await deleteAnswering('y\r', cib, config);
  assert.equal(exitCode, 0, screen);
  assert.doesNotMatch(readFileSync(cib, 'utf8'), /VMCTL/);
});
