/**
 * Everything that fencing takes, in a laboratory: both guests under the hosts' cluster with our agent, keys and tokens,
 * and the daemons on both levels.
 */
import { startProgram as startInSession } from './bridge-programs.ts';
import { copyKeys, giveTokens, makeKey, resourceOf } from './fencing-tokens.ts';
import type { Laboratory } from './lab.ts';
import { numberOf } from './layout.ts';
import { programPattern } from './program-pattern.ts';
import { waitFor } from './wait-for.ts';

export const HOSTS = ['hosta', 'hostb'] as const;
export const GUESTS = ['guest1', 'guest2'] as const;

/** In the hosts, with what their daemons say in /var/log/PROGRAM.log. */
export async function startProgram(
  lab: Laboratory,
  target: string,
  program: string,
  ...parameters: readonly string[]
): Promise<void> {
  await startInSession(lab, target, program, [program, ...parameters]);
}

export async function stopProgram(lab: Laboratory, target: string, program: string): Promise<void> {
  await lab.output(target, stopCommand(program));
}

function stopCommand(program: string): string[] {
  const script = 'pkill -f "$1" || :; while pgrep -f "$1"; do sleep 0.05; done >/dev/null';
  return ['/bin/bash', '--norc', '-c', script, 'stop', programPattern(`${program} `)];
}

export async function buildFencingWorld(lab: Laboratory): Promise<void> {
  await endFencingWorld(lab); // of a test that could not do it itself
  await lab.pushPrograms();
  for (const guest of GUESTS) await manageWithOurAgent(lab, guest);
  await makeKey(lab, 'hosta');
  await copyKeys(lab);
  await giveTokens(lab, GUESTS);
  for (const host of HOSTS) await startHostDaemons(lab, host);
  for (const guest of GUESTS) await startProgram(lab, guest, 'vm-connectd', '-t', 'guest');
  await lab.waitForIdle('hosts');
  for (const guest of GUESTS) await waitForLink(lab, guest);
}

export async function startHostDaemons(lab: Laboratory, host: string): Promise<void> {
  await startProgram(lab, host, 'vm-connectd', '-t', 'host');
  await startProgram(lab, host, 'vm-stonithd', '--log-level', 'debug');
}

export async function endFencingWorld(lab: Laboratory): Promise<void> {
  for (const host of HOSTS) {
    if (!lab.isRunning(host)) continue;
    await stopProgram(lab, host, 'vm-stonithd');
    await stopProgram(lab, host, 'vm-connectd');
  }
  for (const guest of GUESTS) {
    // One that boots or is frozen does not answer: nothing is stopped there, and it must not hide why a test has failed.
    if (lab.hostOf(guest) !== undefined) await lab.in(guest, stopCommand('vm-connectd'));
  }
}

/** Until a guest's question is answered by vm-stonithd of its host. */
export async function waitForLink(lab: Laboratory, guest: string): Promise<void> {
  const other = GUESTS.find((one) => one !== guest) ?? guest;
  await waitFor(
    `${guest} can fence`,
    120_000,
    async () => {
      const result = await lab.in(guest, ['fence_vm', '-o', 'status', '-n', other]);
      return result.kind === 'exited' && (result.exitCode === 0 || result.exitCode === 2);
    },
    { pollMs: 200 },
  );
}

async function manageWithOurAgent(lab: Laboratory, guest: string): Promise<void> {
  const id = resourceOf(guest);
  const pair = (set: string, name: string, value: string) =>
    `<nvpair id="${id}-${set}-${name}" name="${name}" value="${value}"/>`;
  const operation = (name: string, interval: string, timeout: string, onFail: string) =>
    `<op id="${id}-${name}" name="${name}" interval="${interval}" timeout="${timeout}" on-fail="${onFail}"/>`;
  const primitive = `<primitive id="${id}" class="ocf" provider="extra" type="VirtualDomain">
<instance_attributes id="${id}-instance">${pair('instance', 'config', `/etc/libvirt/qemu/${guest}.xml`)}
${pair('instance', 'hypervisor', 'qemu:///system')}${pair('instance', 'migration_transport', 'tcp')}</instance_attributes>
<meta_attributes id="${id}-meta">${pair('meta', 'allow-migrate', 'true')}${pair('meta', 'target-role', 'Started')}</meta_attributes>
<operations>${operation('start', '0', '120s', 'restart')}${operation('monitor', '10s', '30s', 'restart')}
${operation('stop', '0', '60s', 'fence')}${operation('migrate_to', '0', '300s', 'fence')}
${operation('migrate_from', '0', '240s', 'restart')}</operations>
</primitive>`;
  const host = lab.hostOf(guest) ?? 'hosta';
  const place = `<rsc_location id="${id}-place" rsc="${id}" node="${host}" score="${100 + numberOf(guest)}"/>`;
  const change = `<configuration><resources>${primitive}</resources><constraints>${place}</constraints></configuration>`;
  const words = ['--modify', '--allow-create', '--scope', 'configuration', '--xml-text', change];
  await lab.ask('hosts', ['cibadmin', ...words]);
}
