/**
 * Programs of the bridge in hosts and guests: the daemons as they are installed, the parts that tests play made into
 * one file each. Whatever is started is found again by its pid file, /run/lab-NAME.pid.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Laboratory } from './lab.ts';

const PARTS = ['bridge-service', 'bridge-traffic', 'bridge-v1-peer'] as const;
export type Part = (typeof PARTS)[number];

/** In hosts and guests alike. */
const FOLDER = '/opt/bridge';
export const partCommand = (part: Part, ...parameters: readonly string[]): string[] => [
  'node',
  `${FOLDER}/${part}.mjs`,
  ...parameters,
];

let made: Promise<string> | undefined;

/** The folder of the parts, made once for a file of tests. */
function parts(): Promise<string> {
  made ??= makeParts();
  return made;
}

async function makeParts(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-bridge-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outdir = join(folder, 'bridge');
  mkdirSync(outdir);
  await build({
    entryPoints: PARTS.map((part) => join(import.meta.dirname, `${part}.ts`)),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
  return outdir;
}

export async function installParts(lab: Laboratory, target: string): Promise<void> {
  const folder = await parts();
  if (!lab.spec().hosts.includes(target)) return lab.push(target, folder, FOLDER);
  const script = 'rm -rf "$1" && mkdir -p "$1" && exec tar -x -C "$1"';
  const archive = execFileSync('tar', ['-c', '-C', folder, '.']);
  await lab.output(target, ['/bin/sh', '-c', script, 'install', FOLDER], { input: archive });
}

/** Not before it has a session of its own: what is left in that of a command is killed when the command ends. */
const RUN = `run() {
  name=$1 log=/var/log/$1.log
  shift
  rm -f "/run/lab-$name.pid"
  setsid --fork /bin/sh -c 'echo $$ >"/run/lab-$0.pid"; exec "$@"' "$name" "$@" </dev/null >>"$log" 2>&1
  until [ -s "/run/lab-$name.pid" ]; do sleep 0.05; done
}`;
const END = `end() {
  [ -e "/run/lab-$1.pid" ] || return 0
  read -r pid <"/run/lab-$1.pid"
  kill -s "$2" "$pid" 2>/dev/null
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  rm -f "/run/lab-$1.pid"
}`;

/** Starts a program that stays; what it says is in /var/log/NAME.log. */
export async function startProgram(
  lab: Laboratory,
  target: string,
  name: string,
  argv: readonly string[],
): Promise<void> {
  await lab.output(target, ['/bin/bash', '--norc', '-c', `${RUN}; run "$@"`, 'start', name, ...argv]);
}

/** Ends what `startProgram` has started; fine when it has ended or never was. */
export async function endProgram(
  lab: Laboratory,
  target: string,
  names: readonly string[],
  signal: 'TERM' | 'KILL' = 'TERM',
): Promise<void> {
  const script = `${END}; signal=$1; shift; for name; do end "$name" "$signal"; done`;
  await lab.output(target, ['/bin/bash', '--norc', '-c', script, 'end', signal, ...names]);
}

/** kill -9, and at once a new start. */
export async function restartProgram(
  lab: Laboratory,
  target: string,
  name: string,
  argv: readonly string[],
): Promise<void> {
  const script = `${RUN}; ${END}; end "$1" KILL; run "$@"`;
  await lab.output(target, ['/bin/bash', '--norc', '-c', script, 'restart', name, ...argv]);
}
