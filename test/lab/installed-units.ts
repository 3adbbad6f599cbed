/** What tests ask of units under the systemd of a host or guest. */
import assert from 'node:assert/strict';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

const propertyOf = async (lab: Laboratory, target: string, unit: string, name: string): Promise<string> =>
  (await lab.output(target, ['systemctl', 'show', '-P', name, unit])).trim();

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

/** No right but those that the unit names, no new one, a filter of system calls, and nothing of /usr or /etc to write to. */
const SEEN_INSIDE = `
status=/proc/$1/status
grep -q '^NoNewPrivs:.1$' $status || { echo "it may gain privileges"; exit 1; }
grep -q '^Seccomp:.2$' $status || { echo "no system call is filtered"; exit 1; }
for place in /usr /etc /boot /home; do
  nsenter --target "$1" --mount sh -c "touch $place/written 2>/dev/null" && { echo "$place can be written to"; exit 1; }
done
nsenter --target "$1" --mount sh -c 'touch /run/pm-kvm-tools-written && rm /run/pm-kvm-tools-written' 2>/dev/null || [ "$2" != vm-connectd ]
`;

export async function assertConfined(
  lab: Laboratory,
  target: string,
  unit: string,
  mostExposure: number,
): Promise<void> {
  const pid = await mainPid(lab, target, unit);
  await lab.output(target, ['/bin/sh', '-c', SEEN_INSIDE, 'inside', String(pid), unit]);
  const verified = await lab.output(target, ['/bin/sh', '-c', `systemd-analyze verify ${unit}.service 2>&1`]);
  assert.equal(verified, '');
  const judged = await lab.output(target, ['systemd-analyze', 'security', '--no-pager', `${unit}.service`]);
  const exposure = Number(/Overall exposure level for [^:]*: ([\d.]+)/.exec(judged)?.[1]);
  assert.ok(exposure <= mostExposure, `${unit} is exposed by ${exposure}`);
}

/** Killed, it is another process that serves, and systemd has counted it. */
export async function assertKept(lab: Laboratory, target: string, unit: string): Promise<void> {
  const former = await mainPid(lab, target, unit);
  const restarts = Number(await propertyOf(lab, target, unit, 'NRestarts'));
  await lab.output(target, ['kill', '-KILL', String(former)]);
  await waitFor(`${unit} of ${target} runs again`, 60_000, async () => {
    const pid = await mainPid(lab, target, unit);
    return pid !== 0 && pid !== former && (await propertyOf(lab, target, unit, 'ActiveState')) === 'active';
  });
  assert.equal(Number(await propertyOf(lab, target, unit, 'NRestarts')), restarts + 1);
}
