/** Programs of test/support/fixtures/ as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
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
  bundleOf(name),
  ...parameters,
];

/** Bundled once for a file of tests: it starts five times as fast as it would through tsx. */
function bundleOf(name: string): string {
  const outfile = join(bundleDirectory(), name.replace(/\.ts$/, '.mjs'));
  if (!existsSync(outfile)) {
    buildSync({
      entryPoints: [fixturePath(name)],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" },
      sourcemap: 'inline',
    });
  }
  return outfile;
}

let directory: string | undefined;

function bundleDirectory(): string {
  if (directory !== undefined) return directory;
  const made = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-fixtures-'));
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  directory = made;
  return made;
}

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
