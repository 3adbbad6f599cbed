/** A small victim under the hosts' cluster, fenced by whoever plays vm-connectd: fencing alone, without guests' time. */
import { ASKER, type BridgeStandIn } from '../support/bridge-stand-in.ts';
import { playBridge } from './fencing-bridge.ts';
import { isAlive } from './fencing-observer.ts';
import { makeAskersToken, VICTIM, VICTIM_XML, writeVictim } from './fencing-victim.ts';
import { startProgram, stopProgram } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const RESOURCE = `prmVMCTL_${VICTIM}`;

const pair = (name: string, value: string) =>
  `<nvpair id="${RESOURCE}-${name}" name="${name}" value="${value}"/>`;

const CHANGE = `<configuration><resources><primitive id="${RESOURCE}" class="ocf" provider="extra" type="VirtualDomain">
<instance_attributes id="${RESOURCE}-i">${pair('config', VICTIM_XML)}${pair('hypervisor', 'qemu:///system')}</instance_attributes>
<meta_attributes id="${RESOURCE}-m">${pair('target-role', 'Started')}</meta_attributes>
<operations><op id="${RESOURCE}-stop" name="stop" interval="0" timeout="20s" on-fail="fence"/>
<op id="${RESOURCE}-monitor" name="monitor" interval="10s" timeout="30s"/></operations></primitive></resources>
<constraints><rsc_location id="${RESOURCE}-place" rsc="${RESOURCE}" node="hostb" score="100"/></constraints></configuration>`;

export interface FaultWorld {
  readonly lab: Laboratory;
  readonly bridge: BridgeStandIn;
  readonly token: string;
}

export async function buildFaultWorld(lab: Laboratory): Promise<FaultWorld> {
  await stopProgram(lab, 'hosta', 'vm-stonithd'); // of a test that could not do it itself
  await lab.pushPrograms();
  await writeVictim(lab);
  const token = await makeAskersToken(lab, 'hosta', RESOURCE, ASKER);
  const words = ['--modify', '--allow-create', '--scope', 'configuration', '--xml-text', CHANGE];
  await lab.ask('hosts', ['cibadmin', ...words]);
  await waitFor('the victim runs', 30_000, () => isAlive(lab, VICTIM));
  await lab.waitForIdle('hosts');
  const bridge = await playBridge(lab, 'hosta');
  await startStonithd(lab);
  return { lab, bridge, token };
}

export async function endFaultWorld({ lab, bridge }: FaultWorld): Promise<void> {
  await stopProgram(lab, 'hosta', 'vm-stonithd');
  await bridge.close();
}

export const startStonithd = (lab: Laboratory) =>
  startProgram(lab, 'hosta', 'vm-stonithd', '--log-level', 'debug');
