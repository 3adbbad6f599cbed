/** Many inputs for a shell's function in one shell, drawn from a seed; a canary tells when one of them was executed. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeResult, runCommand } from '../../shared/process/run-command.ts';
import type { Random } from './random.ts';

export interface ShellCases {
  readonly directory: string;
  readonly shell: readonly string[];
  /** Defines what the cases call. */
  readonly begin: string;
  /** Each runs in a subshell. */
  readonly cases: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface CaseResult {
  readonly status: number;
  readonly stdout: string;
}

export const canaryIn = (directory: string): string => join(directory, 'canary');

/** What would touch the canary, if anything of it were a shell's. */
export const trapsIn = (directory: string): readonly string[] => {
  const touch = `touch\${IFS}${canaryIn(directory)}`;
  return [`$(${touch})`, `\`${touch}\``, `;${touch};`, `"$(${touch})"`, `'\`${touch}\`'`];
};

export const quotedForShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export const drawn = (random: Random, pieces: readonly string[], most: number): string =>
  Array.from({ length: random.between(0, most) }, () => random.pick(pieces)).join('');

const MARK = '\u0001\u0002\u0001';

export async function runCases({
  directory,
  shell,
  begin,
  cases,
  env,
}: ShellCases): Promise<readonly CaseResult[]> {
  const script = join(directory, 'cases.sh');
  const calls = cases.map((one) => `(\n${one}\n)\nprintf '${MARK}%s${MARK}' $?`);
  writeFileSync(script, [begin, `printf '${MARK}'`, ...calls, ''].join('\n'));
  const argv = [...shell, script];
  const result = await runCommand(argv, { deadlineMs: 300_000, env: { LC_ALL: 'C', ...env } });
  if (result.kind !== 'exited' || result.exitCode !== 0) throw new Error(describeResult(argv, result));
  if (existsSync(canaryIn(directory))) throw new Error('one of the inputs was executed');
  const [, ...parts] = result.stdout.split(MARK);
  return cases.map((_, index) => ({
    stdout: parts[index * 2] ?? '',
    status: Number(parts[index * 2 + 1] ?? 'NaN'),
  }));
}
