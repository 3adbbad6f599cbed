/** What a laboratory could leave on the machine, as lines that can be compared. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { systemCodeOf } from '../../shared/errors.ts';
import type { Lab } from './lab-handle.ts';
import { STATE_ROOT } from './layout.ts';

/**
 * Mounts, network devices and named networks of the whole machine, but for what says that it belongs to another
 * laboratory; the processes that say that they belong to this one; and every network and every family of processes
 * apart from the machine's own, whoever holds them.
 */
export function machineSnapshot(lab: Lab): Set<string> {
  const ours = basename(lab.cgroup.path);
  const groups = basename(lab.cgroup.path).slice(0, -lab.layout.name.length);
  const ofOthers = (line: string) =>
    (line.includes(`/${groups}`) && !line.includes(`/${ours}`)) ||
    (line.includes(`${STATE_ROOT}/`) && !line.includes(`${STATE_ROOT}/${lab.layout.name}`));
  const cgroups = readdirSync(join(lab.cgroup.path, '..')).map((name) => `cgroup /${name}`);
  return new Set(
    [
      ...processes(lab, ours),
      ...readFileSync('/proc/self/mounts', 'utf8')
        .split('\n')
        .map((line) => `mount ${line}`),
      ...readdirSync('/sys/class/net').map((name) => `link ${name}`),
      ...namesIn('/run/netns').map((name) => `network ${name}`),
      ...namesIn(STATE_ROOT).map((name) => `state ${STATE_ROOT}/${name}`),
      ...cgroups.filter((line) => line.includes(groups)),
      ...abstractSockets(`@${groups.slice(0, -1)}/${lab.layout.name}/`),
    ].filter((line) => !ofOthers(line)),
  );
}

/** Both of a host's are its own, and none of its processes can leave them. */
const NAMESPACES = ['net', 'pid'];

function processes(lab: Lab, group: string): string[] {
  const home = NAMESPACES.map((name) => readlinkSync(`/proc/self/ns/${name}`));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        if (command === '') return []; // of the kernel, or dead already
        const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
        const cgroup = lines.find((line) => line.startsWith('0:')) ?? '';
        const concerned = cgroup.includes(`/${group}`) || command.includes(lab.layout.name);
        if (concerned) return [`process ${pid} ${command.slice(0, 100)} in ${cgroup}`];
        const apart = NAMESPACES.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`));
        return apart
          .filter((one, index) => one !== home[index])
          .map((one) => `namespace ${one} in ${cgroup}/`);
      } catch (thrown) {
        if (['ENOENT', 'ESRCH', 'EACCES'].includes(systemCodeOf(thrown) ?? '')) return []; // it has just ended
        throw thrown;
      }
    });
}

function abstractSockets(prefix: string): string[] {
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => line.includes(prefix))
    .map((line) => `socket ${line.slice(line.indexOf('@'))}`);
}

const namesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
