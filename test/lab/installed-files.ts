/** All files of a host, to tell what a package has left. */
import { execFileSync } from 'node:child_process';
import type { Laboratory } from './lab.ts';

/** What dpkg and libvirt keep of all that they ever had, what is logged, and what tests bring. */
const OTHERS =
  /^\/(var\/(lib\/(dpkg|pacemaker|libvirt|corosync|private)|log|cache|tmp)|tmp|etc\/libvirt|etc\/ld\.so\.cache)\b/;

/** As the machine sees them; too many for what a command in a host may print. */
export function filesOf(lab: Laboratory, host: string): Set<string> {
  const root = lab.rootOf(host) ?? '/nonexistent';
  const folders = ['etc', 'usr', 'var'].map((folder) => `${root}/${folder}`);
  const found = execFileSync('find', [...folders, '-xdev', '!', '-type', 'd', '-printf', '/%P %H\\n'], {
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  const paths = found.split('\n').map((line) => {
    const [path = '', folder = ''] = line.split(` ${root}/`);
    return `/${folder}${path}`;
  });
  return new Set(paths.filter((path) => !OTHERS.test(path)));
}
