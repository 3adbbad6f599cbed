/** Our packages, made as `npm run package` makes them and installed by dpkg in hosts and guests of a laboratory. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PACKAGES, type Package, type PackageName, packageFor } from '../../.ci/package/contents.ts';
import { makeDeb } from '../../.ci/package/deb.ts';
import type { Laboratory } from './lab.ts';

/** For this machine. `change` may make another package of it than the tree does. */
export function buildDeb(
  name: PackageName,
  directory: string,
  version: string,
  change: (what: Package) => Package = (what) => what,
): string {
  const whole = PACKAGES.find((one) => one.name === name);
  if (whole === undefined) throw new Error(`there is no package ${name}`);
  const here = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const architecture = whole.architectures.find((one) => one === 'all' || one === here);
  if (architecture === undefined) throw new Error(`there is no ${name} for ${here}`);
  return makeDeb(change(packageFor(whole, architecture)), architecture, directory, directory, version);
}

/** Where Node of this machine is no Debian package, one that stands for it lets dpkg check dependencies as it does. */
function nodeStandIn(directory: string): string {
  const root = join(directory, 'nodejs');
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  const fields = ['Package: nodejs', `Version: ${process.versions.node}`, 'Architecture: all'];
  const about = [
    'Maintainer: nobody <nobody@example.org>',
    'Description: stands for the Node.js that is there',
  ];
  writeFileSync(join(root, 'DEBIAN/control'), `${[...fields, ...about].join('\n')}\n`);
  const file = join(directory, 'nodejs.deb');
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', root, file], { stdio: 'ignore' });
  return file;
}

/** A host of which dpkg knows Node. */
export async function prepareHost(lab: Laboratory, host: string, directory: string): Promise<void> {
  const known = await lab.on(host, ['dpkg-query', '--show', 'nodejs']);
  if (known.kind !== 'exited' || known.exitCode !== 0) await install(lab, host, nodeStandIn(directory));
}

/** As an administrator does it who keeps what he wrote. */
export async function install(lab: Laboratory, target: string, deb: string): Promise<string> {
  const there = `/tmp/${basename(deb)}`;
  const root = lab.rootOf(target);
  if (lab.spec().hosts.includes(target)) copyFileSync(deb, join(root ?? '/nonexistent', there));
  else await lab.push(target, deb, there);
  return dpkg(lab, target, '-i', there);
}

export function dpkg(lab: Laboratory, target: string, ...words: readonly string[]): Promise<string> {
  const argv = ['env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '--force-confold', ...words];
  return lab.output(target, argv, { deadlineMs: 300_000 });
}
