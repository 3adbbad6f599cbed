/** Programs of test/support/fixtures/ as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundledModule } from './bundle.ts';
import { eventually } from './eventually.ts';

export interface RunningFixture {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }>;
  /** The first match in what it prints, as soon as it is there. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
}

export const fixturePath = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** The command that runs a fixture written in TypeScript. */
export const fixtureCommand = (name: string, ...parameters: string[]): string[] => [
  process.execPath,
  bundledModule(`test/support/fixtures/${name}`),
  ...parameters,
];

export function startFixture(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningFixture {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
    }),
    says: (pattern) =>
      eventually(`${command.slice(2).join(' ')} says ${pattern}`, () => {
        return (stdout + stderr).match(pattern) ?? undefined;
      }),
  };
}
