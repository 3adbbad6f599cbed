/** A small victim under the hosts' cluster, fenced by whoever plays vm-connectd: fencing alone, without guests' time. */
import { ASKER, type BridgeStandIn } from '../support/bridge-stand-in.ts';
import { playBridge } from './fencing-bridge.ts';
import { isAlive } from './fencing-observer.ts';
import { copyKeys, makeKey, makeToken, resourceOf } from './fencing-tokens.ts';
import { VICTIM, writeVictim } from './fencing-victim.ts';
import { HOSTS, startProgram, stopProgram } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { victimXml } from './managed-victim.ts';
import { waitFor } from './wait-for.ts';

export const RESOURCE = resourceOf(VICTIM);

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
  const change = victimXml({
    name,
    config: await writeVictim(lab, name),
    host,
    score: 100,
    operations: [
      { name: 'stop', intervalS: 0, timeoutS: 20, onFail: 'fence' },
      { name: 'monitor', intervalS: 10, timeoutS: 30 },
    ],
  });
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
