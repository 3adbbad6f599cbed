/** What the three formats become when the tools that read them load them: a configuration's meaning, to be compared. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCommand } from '../../../shared/process/run-command.ts';
import { configurationMeaning } from './configuration-meaning.ts';
import { HOSTS_CIB } from './published.ts';

export async function loaded(
  t: TestContext,
  folder: string,
  name: string,
  load: (cib: string) => Promise<void>,
  before = HOSTS_CIB,
): Promise<string> {
  const cib = join(folder, `${name}.xml`);
  writeFileSync(cib, before);
  const startedMs = performance.now();
  await load(cib);
  t.diagnostic(`${name}: ${Math.round(performance.now() - startedMs)} ms`);
  return configurationMeaning(await run(['cibadmin', '--query'], cib));
}

export async function loadCrm(cib: string, text: string): Promise<void> {
  writeFileSync(`${cib}.crm`, text);
  await run(['crm', '--force', 'configure', 'load', 'update', `${cib}.crm`], cib);
}

export async function loadPcs(cib: string, text: string): Promise<void> {
  writeFileSync(`${cib}.sh`, text);
  copyFileSync(cib, `${cib}.before`);
  const result = await runCommand(['sh', `${cib}.sh`, cib], { deadlineMs: 60_000 });
  assert.ok(result.kind === 'exited' && result.exitCode === 0, JSON.stringify(result));
}

export async function loadXml(cib: string, text: string): Promise<void> {
  writeFileSync(`${cib}.part`, text);
  const argv = ['cibadmin', '--modify', '--allow-create', '--scope', 'configuration'];
  await run([...argv, '--xml-file', `${cib}.part`], cib);
}

async function run(argv: readonly string[], cibFile: string): Promise<string> {
  const result = await runCommand(argv, {
    deadlineMs: 60_000,
    env: { CIB_file: cibFile, CHARSET: 'UTF-8' },
  });
  assert.ok(result.kind === 'exited' && result.exitCode === 0, JSON.stringify(result));
  return result.stdout;
}
