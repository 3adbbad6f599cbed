/** What tests ask of units under the systemd of a host or guest. */
import assert from 'node:assert/strict';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const propertyOf = async (
  lab: Laboratory,
  target: string,
  unit: string,
  name: string,
): Promise<string> => (await lab.output(target, ['systemctl', 'show', '-P', name, unit])).trim();

export const mainPid = async (lab: Laboratory, target: string, unit: string): Promise<number> =>
  Number(await propertyOf(lab, target, unit, 'MainPID'));

/** What the unit has logged with this syslog priority. */
export async function linesWithPriority(
  lab: Laboratory,
  target: string,
  unit: string,
  priority: number,
): Promise<string> {
  const range = `${priority}..${priority}`;
  const argv = ['journalctl', '--unit', unit, '--priority', range, '--output', 'cat', '--no-pager'];
  return lab.output(target, [...argv, `_COMM=node`]);
}

/** Killed, it is another process that serves, and systemd has counted it. */
export async function assertKept(
  lab: Laboratory,
  target: string,
  unit: string,
  signal = 'KILL',
): Promise<void> {
  const former = await mainPid(lab, target, unit);
  const restarts = Number(await propertyOf(lab, target, unit, 'NRestarts'));
  await lab.output(target, ['kill', `-${signal}`, String(former)]);
  await waitFor(`${unit} of ${target} runs again`, 60_000, async () => {
    const pid = await mainPid(lab, target, unit);
    return pid !== 0 && pid !== former && (await propertyOf(lab, target, unit, 'ActiveState')) === 'active';
  });
  assert.equal(Number(await propertyOf(lab, target, unit, 'NRestarts')), restarts + 1);
}

/** How systemd saw the main process end last; the kernel itself tells it whether there was a core. */
async function lastEnd(lab: Laboratory, target: string, unit: string): Promise<string> {
  const journal = await lab.output(target, ['journalctl', '--unit', unit, '--output', 'cat', '--no-pager']);
  const ends = [...journal.matchAll(/Main process exited, code=(\w+), status=6\/ABRT/g)];
  return ends.at(-1)?.[1] ?? 'not seen';
}

/** The program that the machine pipes cores to, if it does: whether it keeps one is up to that program then, whatever the unit's limit. */
export async function coresGoTo(lab: Laboratory, target: string): Promise<string | undefined> {
  const pattern = await lab.output(target, ['cat', '/proc/sys/kernel/core_pattern']);
  return /^\|(\S+)/.exec(pattern)?.[1];
}

/** Of a unit that is not confined; systemd halves dollar signs. */
const ABORTS = `[Service]
Type=oneshot
LimitCORE=infinity
WorkingDirectory=/var/tmp
ExecStart=/bin/sh -c 'kill -ABRT $$$$'
`;

const START_BARE = `
cat >/run/systemd/system/"$1"
systemctl daemon-reload
systemctl start "$1" || :
ls /var/tmp/core* && rm /var/tmp/core* /run/systemd/system/"$1"
systemctl reset-failed "$1"
systemctl daemon-reload
`;

/** Aborted, it leaves no core, where another unit does: what it has in its memory is keys. */
export async function assertNoCore(lab: Laboratory, target: string, unit: string): Promise<void> {
  const bare = `bare-${unit}.service`;
  await lab.output(target, ['/bin/sh', '-ec', START_BARE, 'start', bare], { input: ABORTS });
  assert.equal(await lastEnd(lab, target, bare), 'dumped', 'this machine keeps cores');
  await assertKept(lab, target, unit, 'ABRT');
  assert.equal(await lastEnd(lab, target, unit), 'killed', `${unit} has left no core`);
  const look = [
    '/bin/sh',
    '-c',
    'ls -d /core* /run/pm-kvm-tools/core* /var/lib/systemd/coredump/* 2>/dev/null || :',
  ];
  assert.equal(await lab.output(target, look), '');
}
