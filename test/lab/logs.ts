/** The logs of a laboratory, in one folder or on standard output. */
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inGuest } from './guest-agent.ts';
import { hostOf } from './guests.ts';
import { type Lab, specOf } from './lab-handle.ts';
import { lastLines } from './wait-for.ts';

const GUEST_LOGS = 'tar --create --ignore-failed-read --directory / var/log 2>/dev/null | base64';

/** The last lines of every log that the machine can see. */
export function printableLogs(lab: Lab, lines: number): string {
  return logFiles(lab)
    .map(({ path, name }) => `==> ${name}\n${lastLines(path, lines)}\n`)
    .join('\n');
}

/** Copies all logs, those inside the guests included, to a folder. */
export async function copyLogs(lab: Lab, folder: string): Promise<void> {
  for (const { path, name } of logFiles(lab)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    cpSync(path, join(folder, name));
  }
  for (const { name } of specOf(lab).guests) {
    if (hostOf(lab, name) === undefined) continue;
    const packed = await inGuest(lab, name, ['/bin/sh', '-c', GUEST_LOGS], { deadlineMs: 30_000 });
    if (packed.kind === 'exited')
      writeFileSync(join(folder, `${name}.tar`), Buffer.from(packed.stdout, 'base64'));
  }
}

function logFiles(lab: Lab): { path: string; name: string }[] {
  const { hosts, guests } = specOf(lab);
  const own = ['power.log', 'wire.log'].map((name) => ({ path: join(lab.layout.state, name), name }));
  const consoles = guests.map(({ name }) => ({ path: lab.layout.console(name), name: `${name}.console` }));
  const ofHosts = hosts.flatMap((host) => {
    const directory = lab.layout.hostDirectory(host);
    const root = join(directory, 'layer/var/log');
    return [join(directory, 'boot.log'), ...filesBelow(root)].map((path) => ({
      path,
      name: join(host, relative(path.startsWith(root) ? root : directory, path)),
    }));
  });
  return [...own, ...ofHosts, ...consoles].filter(({ path }) => existsSync(path) && statSync(path).size > 0);
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
