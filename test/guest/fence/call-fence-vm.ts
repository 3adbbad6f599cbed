/** fence_vm for its tests: in this process, or as the program that is installed. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fenceVm, type World } from '../../../guest/fence/fence-vm.ts';
import { bundledProgram } from '../../support/bundle.ts';

export interface Called {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Parameters on standard input, as Pacemaker gives them. */
export const inputOf = (parameters: Readonly<Record<string, string>>): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

export async function callFenceVm(
  how: { readonly input: string } | { readonly parameters: readonly string[] },
  changed: Partial<World> = {},
): Promise<Called> {
  let stdout = '';
  let stderr = '';
  const exitCode = await fenceVm({
    parameters: 'parameters' in how ? how.parameters : [],
    readInput: () => ('input' in how ? how.input : ''),
    print: (text) => {
      stdout += text;
    },
    complain: (text) => {
      stderr += text;
    },
    isUnderPacemaker: false,
    random: Math.random,
    sleep: async () => undefined,
    ...changed,
  });
  return { exitCode, stdout, stderr };
}

/** The directory that has the program `fence_vm`, built as it is for users. */
export const programDirectory = (): string => dirname(bundledProgram('guest/bin/fence-vm.ts'));

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** Its process group is killed when this is true. */
  readonly killWhen?: () => boolean;
}

/** Runs a command to its end. */
export function run(argv: readonly string[], input = '', options: RunOptions = {}): Promise<Called> {
  const [command = '', ...parameters] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      env: { ...process.env, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      detached: true,
    });
    const chunks = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      chunks.stderr += chunk.toString('utf8');
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const timer = setInterval(() => {
      if (options.killWhen?.() !== true || child.pid === undefined) return;
      clearInterval(timer);
      process.kill(-child.pid, 'SIGKILL');
    }, 20);
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearInterval(timer);
      resolve({ exitCode, ...chunks });
    });
  });
}

export const runFenceVm = (input: string, options: RunOptions = {}): Promise<Called> =>
  run([join(programDirectory(), 'fence_vm')], input, options);
