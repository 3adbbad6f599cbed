/**
 * npm run faults [-- ROUNDS]: fencing requests with a fault at every step of the job, on two real hosts. Prints what was
 * answered and what was true; the exit status is 1 when one request was confirmed while the victim lived, or when
 * something was left behind.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFaultWorld, RESOURCE, startStonithd } from './fault-world.ts';
import { BridgeStandIn, resultOf } from './fencing-bridge.ts';
import { isAlive, qemusOf } from './fencing-observer.ts';
import { VICTIM } from './fencing-victim.ts';
import { stopProgram } from './fencing-world.ts';
import { type Laboratory, laboratory } from './lab.ts';
import { labSpec } from './layout.ts';
import { waitFor } from './wait-for.ts';

const PHASES = ['marking', 'ordering', 'waiting', 'clearing'] as const;
const DEADLINE_MS = 8_000;

interface Fault {
  readonly name: string;
  readonly strike: (lab: Laboratory, bridge: BridgeStandIn) => Promise<unknown>;
  readonly mend?: (lab: Laboratory) => Promise<unknown>;
}

const kill = (host: string, program: string) => (lab: Laboratory) => lab.signalDaemon(host, program, 'KILL');
const stonithd = (signal: string) => (lab: Laboratory) =>
  lab.on('hosta', ['pkill', `-${signal}`, '-f', '^[^ ]*node [^ ]*/sbin/vm-stonithd ']);

/** The one that was told to stop has to be gone first. */
const restarted = async (lab: Laboratory) => {
  await stopProgram(lab, 'hosta', 'vm-stonithd');
  await startStonithd(lab);
};

const FAULTS: readonly Fault[] = [
  { name: 'vm-stonithd killed', strike: stonithd('KILL'), mend: startStonithd },
  { name: 'vm-stonithd told to stop', strike: stonithd('TERM'), mend: restarted },
  {
    name: 'vm-stonithd frozen for 1 s',
    strike: stonithd('STOP'),
    mend: (lab) => later(() => stonithd('CONT')(lab)),
  },
  { name: 'the link cut', strike: async (_lab, bridge) => bridge.breakLink() },
  {
    name: 'libvirtd killed',
    strike: kill('hostb', 'libvirtd'),
    mend: (lab) => later(() => lab.startDaemon('hostb', 'libvirtd')),
  },
  { name: 'pacemaker-attrd killed', strike: kill('hosta', 'pacemaker-attrd') },
  { name: 'the scheduler killed', strike: kill('hosta', 'pacemaker-schedulerd') },
  {
    name: 'unmanaged meanwhile',
    strike: (lab) => managed(lab, 'false'),
    mend: (lab) => later(() => managed(lab, 'true')),
  },
  { name: 'started by an admin meanwhile', strike: (lab) => role(lab, 'Started') },
];

const later = async (action: () => Promise<unknown>) => {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await action();
};

const meta = (lab: Laboratory, name: string, value: string) =>
  lab.output('hosta', ['crm_resource', '-r', RESOURCE, '--meta', '-p', name, '-v', value]);
const managed = (lab: Laboratory, value: string) => meta(lab, 'is-managed', value);
const role = (lab: Laboratory, value: string) => meta(lab, 'target-role', value);

const rounds = Number(process.argv[2] ?? 3);
const lab = laboratory();
const wasUp = lab.isUp();
await lab.up(labSpec(2, 0));
process.exitCode = 1;
try {
  process.exitCode = await main();
} finally {
  await stopProgram(lab, 'hosta', 'vm-stonithd');
  if (wasUp) await lab.reset();
  else await lab.down();
}

async function main(): Promise<number> {
  const token = await buildFaultWorld(lab);
  const bridge = await BridgeStandIn.listen(lab, 'hosta');
  await startStonithd(lab);
  let faults = 0;
  let bad = 0;
  for (const fault of FAULTS) {
    for (const phase of PHASES) {
      const seen: string[] = [];
      for (let round = 0; round < rounds; round++) {
        await ready(bridge);
        const { words, isBad } = await inject(bridge, token, fault, phase);
        seen.push(words);
        faults++;
        if (isBad) bad++;
      }
      console.log(`${fault.name.padEnd(32)} ${phase.padEnd(10)} ${tally(seen)}`);
    }
  }
  console.log(`\n${faults} faults, ${bad} false confirmations or leftovers`);
  await bridge.close();
  return bad === 0 ? 0 : 1;
}

/** The victim runs, the daemon serves, nothing is left of the last round. */
async function ready(bridge: BridgeStandIn): Promise<void> {
  await waitFor('vm-stonithd serves', 30_000, () => bridge.isServed, { pollMs: 20 });
  await managed(lab, 'true');
  await role(lab, 'Started');
  await waitFor('the victim runs', 60_000, () => qemusOf(lab, VICTIM).length === 1, { pollMs: 20 });
  await lab.waitForIdle('hosts');
}

async function inject(bridge: BridgeStandIn, token: string, { strike, mend }: Fault, phase: string) {
  const reached = nextPhase(phase);
  // The observer looks in the very moment of the answer.
  const asked = bridge
    .ask(`off ${token}`, DEADLINE_MS)
    .then((answer) => ({ answer, alive: isAlive(lab, VICTIM) }));
  const wasReached = await reached;
  await strike(lab, bridge);
  await mend?.(lab);
  const { answer, alive } = await asked;
  const isConfirmed = answer?.text === 'OK';
  const left = await leftovers();
  const words = `${resultOf(answer)}, ${alive ? 'alive' : 'dead'}${wasReached ? '' : ' (step not met)'}${left}`;
  return { words, isBad: (isConfirmed && alive) || left !== '' };
}

/** Past the record's time and the next sweep at the latest. */
async function leftovers(): Promise<string> {
  try {
    await waitFor('nothing is left', 60_000, hasNothingLeft, { pollMs: 200 });
    return '';
  } catch {
    return ', SOMETHING IS LEFT';
  }
}

async function hasNothingLeft(): Promise<boolean> {
  const resources = await lab.ask('hosts', ['cibadmin', '--query', '--scope', 'resources']);
  const mark = await lab.on('hosta', ['attrd_updater', '-Q', '-A', '-n', `force_stop-${RESOURCE}`]);
  return !resources.includes('name="vm-stonithd"') && !/value="[^"]/.test(mark.stdout);
}

async function nextPhase(phase: string): Promise<boolean> {
  const path = join(lab.rootOf('hosta') ?? '', 'var/log/vm-stonithd.log');
  const read = () => readFileSync(path, 'utf8').split(`=> ${phase} `).length;
  const before = read();
  try {
    return await waitFor(`a job is ${phase}`, 5_000, () => read() > before, { pollMs: 2 });
  } catch {
    return false;
  }
}

function tally(seen: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const words of seen) counts.set(words, (counts.get(words) ?? 0) + 1);
  return [...counts].map(([words, count]) => `${count} x ${words}`).join('; ');
}
