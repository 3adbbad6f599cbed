/**
 * The project's programs, where an installed package would put them: the folders of `dist/` are those of /usr; resource
 * agents, which need no build (`host/agents`, `guest/agents`), belong to the provider `extra`, and an agent called
 * external-NAME is a plugin of cluster-glue.
 *
 * Hosts get links into the tree, so a new build is there at once. Guests get copies.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { hostOutput } from './hosts.ts';
import type { Lab } from './lab-handle.ts';
import { CHECKOUT } from './layout.ts';

export type Side = 'host' | 'guest';

const DIST = join(CHECKOUT, 'dist');
const RESOURCE_AGENTS = 'usr/lib/ocf/resource.d/extra';
const STONITH_PLUGINS = 'usr/lib/stonith/plugins/external';

export const hasPrograms = () => existsSync(join(DIST, 'sbin'));

/** Pairs of a file of the tree and its place below the root. */
function programFiles(side: Side): (readonly [from: string, to: string])[] {
  const built = ['sbin', 'lib', 'share'].flatMap((folder) => filesBelow(join(DIST, folder)));
  const agents = filesBelow(join(CHECKOUT, side, 'agents')).filter((file) => !/\.(ts|md)$/.test(file));
  return [
    ...built.map((file) => [file, join('usr', relative(DIST, file))] as const),
    ...agents.map((file) => [file, placeOfAgent(basename(file))] as const),
  ];
}

function placeOfAgent(name: string): string {
  const plugin = /^external-(.+)$/.exec(name)?.[1];
  return plugin === undefined ? join(RESOURCE_AGENTS, name) : join(STONITH_PLUGINS, plugin);
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
  await hostOutput(lab, host, ['/bin/bash', '--norc', '-c', script], { input });
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
