/**
 * A resource agent as Pacemaker calls it, in a directory of its own, with programs of the test's before the installed ones.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { describeResult, runCommand } from '../../shared/process/run-command.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const TREE = resolve(import.meta.dirname, '../..');
export const OCF = {
  success: 0,
  generic: 1,
  args: 2,
  permission: 4,
  installed: 5,
  configured: 6,
  notRunning: 7,
} as const;
/** To the library of resource agents no program is installed. */
export const PROGRAMS_AWAY = { OCF_TESTER_FAIL_HAVE_BINARY: '1' } as const;

export class AgentCall {
  readonly directory: string;
  readonly #argv: readonly string[];
  parameters: Readonly<Record<string, string>>;

  /** `shell`: in the place of the one that the agent names. */
  constructor(
    t: TestContext,
    agent: string,
    parameters: Readonly<Record<string, string>>,
    shell: readonly string[] = [],
  ) {
    // Whatever a test leaves running ends with it, and before its directory goes: hooks run in this order.
    t.after(() => this.run('stop', { OCF_RESKEY_CRM_meta_timeout: '4000' }));
    this.directory = temporaryDirectory(t);
    this.#argv = [...shell, join(TREE, agent)];
    this.parameters = parameters;
    mkdirSync(this.path('bin'));
    mkdirSync(this.path('run'));
    this.program('attrd_updater', 'echo "$*" >>"$D/attributes"');
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** A shell script under this name; $D is the directory of the test. */
  program(name: string, script: string): void {
    const path = this.path(`bin/${name}`);
    writeFileSync(path, `#!/bin/sh\nD='${this.directory}'\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** Rejects when it is not done in time, and is killed. */
  async run(action: string, more: Readonly<Record<string, string>> = {}, deadlineMs = 60_000) {
    const parameters = Object.entries(this.parameters).map(([name, value]) => [`OCF_RESKEY_${name}`, value]);
    const result = await runCommand([...this.#argv, action], {
      deadlineMs,
      env: {
        OCF_ROOT: '/usr/lib/ocf',
        OCF_RESOURCE_INSTANCE: 'tested',
        OCF_RESKEY_CRM_meta_timeout: '20000',
        ...(action === 'monitor' ? { OCF_RESKEY_CRM_meta_interval: '10000' } : {}),
        HA_RSCTMP: this.path('run'),
        PATH: `${this.path('bin')}:${process.env['PATH']}`,
        ...Object.fromEntries(parameters),
        ...more,
      },
    });
    if (result.kind !== 'exited') throw new Error(describeResult([...this.#argv, action], result));
    return { status: result.exitCode, stderr: result.stderr, stdout: result.stdout, ms: result.elapsedMs };
  }

  /** What attrd_updater was told. */
  attributes(): readonly string[] {
    const path = this.path('attributes');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  }
}

/** The metadata is what Debian's schema of resource agents says. */
export async function schemaFault(metadata: string): Promise<string | undefined> {
  const schema = '/usr/share/resource-agents/metadata.rng';
  const result = await runCommand(['xmllint', '--noout', '--relaxng', schema, '-'], {
    deadlineMs: 20_000,
    input: metadata.replace(/<!DOCTYPE[^>]*>/, ''),
  });
  return result.kind === 'exited' && result.exitCode === 0 ? undefined : result.stderr;
}
