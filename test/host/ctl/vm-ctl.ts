/** Runs vm-ctl as its users do: the built program, a configuration file instead of a cluster. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCommand } from '../../../shared/process/run-command.ts';
import { bundledProgram } from '../../support/bundle.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { HOSTS_CIB, PUBLISHED_CONFIG } from './published.ts';

/** The program, built once for a test file. */
export const program = (): string => bundledProgram('host/bin/vm-ctl.ts');

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function vmCtl(words: readonly string[], { input, env }: RunOptions = {}): Promise<Ran> {
  // `env` on the way: a command's own LC_ALL is always C.
  const locale = Object.entries({ LC_ALL: '', LC_MESSAGES: '', LANG: 'C', ...env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const argv = ['env', ...locale, process.execPath, program(), ...words];
  const result = await runCommand(argv, { deadlineMs: 30_000, input });
  assert.equal(result.kind, 'exited', JSON.stringify(result));
  const { stdout, stderr, elapsedMs } = result;
  return { exitCode: result.kind === 'exited' ? result.exitCode : -1, stdout, stderr, elapsedMs };
}

export interface Workbench {
  readonly folder: string;
  readonly cib: string;
  readonly config: string;
  readonly run: (words: readonly string[], options?: RunOptions) => Promise<Ran>;
  /** Runs that must succeed. */
  readonly done: (words: readonly string[]) => Promise<string>;
  /** Changes the file behind vm-ctl's back. */
  readonly cibadmin: (...words: readonly string[]) => Promise<string>;
}

export function workbench(t: TestContext, cibText = HOSTS_CIB, configText = PUBLISHED_CONFIG): Workbench {
  const folder = temporaryDirectory(t);
  const cib = join(folder, 'cib.xml');
  const config = join(folder, 'vm-ctl.conf');
  writeFileSync(cib, cibText);
  writeFileSync(config, configText);
  const run = (words: readonly string[], options?: RunOptions) => {
    // Behind -- everything is a name.
    const at = words.includes('--') ? words.indexOf('--') : words.length;
    const options_ = ['--cib-file', cib, '--config', config];
    return vmCtl([...words.slice(0, at), ...options_, ...words.slice(at)], options);
  };
  return {
    folder,
    cib,
    config,
    run,
    async done(words) {
      const ran = await run(words);
      assert.equal(ran.exitCode, 0, `${words.join(' ')}: ${ran.stderr}`);
      return ran.stdout;
    },
    async cibadmin(...words) {
      const result = await runCommand(['cibadmin', ...words], {
        deadlineMs: 30_000,
        env: { CIB_file: cib },
      });
      assert.ok(result.kind === 'exited' && result.exitCode === 0, JSON.stringify(result));
      return result.stdout;
    },
  };
}
