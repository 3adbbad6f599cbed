/**
 * Programs of the bridge in hosts and guests: the daemons as they are installed, the parts that tests play made into
 * one file each. Whatever is started is found again by its pid file, /run/lab-NAME.pid.
 */
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
  const archive = await tarOf(folder);
  await lab.output(target, ['/bin/sh', '-c', script, 'install', FOLDER], { input: archive });
}

async function tarOf(folder: string): Promise<Uint8Array> {
  const { execFileSync } = await import('node:child_process');
  return execFileSync('tar', ['-c', '-C', folder, '.']);
}

/** Starts a program that stays; what it says is in /var/log/NAME.log. */
export async function startProgram(
  lab: Laboratory,
  target: string,
  name: string,
  argv: readonly string[],
): Promise<void> {
  const script = `name=$0
setsid --fork /bin/sh -c 'echo $$ >/run/lab-$0.pid; exec "$@"' "$name" "$@" </dev/null >>"/var/log/$name.log" 2>&1`;
  await lab.output(target, ['/bin/bash', '-c', script, name, ...argv]);
}

/** Sends a signal to what `startProgram` has started, and waits for its end; fine when it has ended. */
export async function endProgram(
  lab: Laboratory,
  target: string,
  name: string,
  signal: 'TERM' | 'KILL' = 'TERM',
): Promise<void> {
  const script = `file=/run/lab-$1.pid
[ -e "$file" ] || exit 0
pid=$(cat "$file")
kill -s "$2" "$pid" 2>/dev/null
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
rm -f "$file"`;
  await lab.output(target, ['/bin/sh', '-c', script, 'end', name, signal]);
}
