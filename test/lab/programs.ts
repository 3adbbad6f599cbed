/**
 * The project's programs, where an installed package would put them: `dist/` is /usr, and resource agents that need
 * no build (`host/agents`, `guest/agents`) are /usr/lib/ocf/resource.d/extra.
 *
 * Hosts get links into the tree, so a new build is there at once. Guests get copies.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { hostOutput } from './hosts.ts';
import type { Lab } from './lab-handle.ts';
import { CHECKOUT } from './layout.ts';

export type Side = 'host' | 'guest';

const DIST = join(CHECKOUT, 'dist');
const AGENTS = 'usr/lib/ocf/resource.d/extra';

export const hasPrograms = () => existsSync(join(DIST, 'sbin'));

/** Pairs of a file of the tree and its place below the root. */
export function programFiles(side: Side): [from: string, to: string][] {
  const agents = join(CHECKOUT, side, 'agents');
  return [
    ...filesBelow(DIST).map((file): [string, string] => [file, join('usr', relative(DIST, file))]),
    ...filesBelow(agents)
      .filter((file) => !file.endsWith('.ts') && !file.endsWith('.md'))
      .map((file): [string, string] => [file, join(AGENTS, relative(agents, file))]),
  ];
}

export function copyPrograms(side: Side, root: string): void {
  for (const [from, to] of programFiles(side)) cpSync(from, join(root, to), { dereference: true });
}

/** Makes the links in a host that are not there yet. */
export async function linkPrograms(lab: Lab, host: string): Promise<void> {
  const pairs = programFiles('host');
  if (pairs.length === 0) return;
  const script =
    'while IFS= read -r from && IFS= read -r to; do mkdir -p "$(dirname "$to")"; ln -sfn "$from" "$to"; done';
  const input = pairs.map(([from, to]) => `${from}\n/${to}\n`).join('');
  await hostOutput(lab, host, ['/bin/bash', '-c', script], { input });
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
