/** A small victim under the hosts' cluster, fenced by whoever plays vm-connectd: fencing alone, without guests' time. */
import { ASKER, type BridgeStandIn } from '../support/bridge-stand-in.ts';
import { playBridge } from './fencing-bridge.ts';
import { isAlive } from './fencing-observer.ts';
import { copyKeys, makeKey, makeToken, resourceOf } from './fencing-tokens.ts';
import { VICTIM, writeVictim } from './fencing-victim.ts';
import { HOSTS, startProgram, stopProgram } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const RESOURCE = resourceOf(VICTIM);

/** A resource that stays on that host, as long as there is a choice. */
function resourceXml(resource: string, xml: string, host: string): string {
  const pair = (name: string, value: string) =>
    `<nvpair id="${resource}-${name}" name="${name}" value="${value}"/>`;
  return `<configuration><resources><primitive id="${resource}" class="ocf" provider="extra" type="VirtualDomain">
<instance_attributes id="${resource}-i">${pair('config', xml)}${pair('hypervisor', 'qemu:///system')}</instance_attributes>
<meta_attributes id="${resource}-m">${pair('target-role', 'Started')}</meta_attributes>
<operations><op id="${resource}-stop" name="stop" interval="0" timeout="20s" on-fail="fence"/>
<op id="${resource}-monitor" name="monitor" interval="10s" timeout="30s"/></operations></primitive></resources>
<constraints><rsc_location id="${resource}-place" rsc="${resource}" node="${host}" score="100"/></constraints></configuration>`;
}

export interface FaultWorld {
  readonly lab: Laboratory;
  readonly token: string;
  bridge: BridgeStandIn;
  /** Where the roots of the hosts were seen when their daemons were started. */
  readonly roots: Map<string, string | undefined>;
}

export async function buildFaultWorld(lab: Laboratory): Promise<FaultWorld> {
  for (const host of HOSTS) await stopProgram(lab, host, 'vm-stonithd'); // of a test that could not do it itself
  await lab.pushPrograms();
  await manageVictim(lab);
  await makeKey(lab, 'hosta');
  await copyKeys(lab);
  const token = await makeToken(lab, { resource: RESOURCE, guest: ASKER });
  const world: FaultWorld = { lab, token, bridge: await playBridge(lab, 'hosta'), roots: new Map() };
  for (const host of HOSTS) await startDaemon(world, host);
  return world;
}

/** A host that was fenced has come back without its daemon, and hosta without the bridge. */
export async function revive(world: FaultWorld): Promise<void> {
  const { lab, roots } = world;
  for (const host of HOSTS) {
    if (lab.rootOf(host) === roots.get(host)) continue;
    if (host === 'hosta') {
      await world.bridge.close();
      world.bridge = await playBridge(lab, host);
    }
    await startDaemon(world, host);
  }
}

async function startDaemon({ lab, roots }: FaultWorld, host: string): Promise<void> {
  roots.set(host, lab.rootOf(host));
  await startStonithd(lab, host);
}

/** Under the hosts' cluster. */
export async function manageVictim(lab: Laboratory, name = VICTIM, host = 'hostb'): Promise<void> {
  const change = resourceXml(resourceOf(name), await writeVictim(lab, name), host);
  const words = ['--modify', '--allow-create', '--scope', 'configuration', '--xml-text', change];
  await lab.ask('hosts', ['cibadmin', ...words]);
  await waitFor(`${name} runs`, 30_000, () => isAlive(lab, name));
  await lab.waitForIdle('hosts');
}

export async function endFaultWorld({ lab, bridge }: FaultWorld): Promise<void> {
  for (const host of HOSTS) await stopProgram(lab, host, 'vm-stonithd');
  await bridge.close();
}

export const startStonithd = (lab: Laboratory, host = 'hosta') =>
  startProgram(lab, host, 'vm-stonithd', '--log-level', 'debug');
