/**
 * Fencing requests with a fault at a step of the job: what was answered, what was true in that moment, and what is left.
 * Whether the victim lives is told by QEMU's processes, whatever any cluster or libvirt says.
 */
import { join } from 'node:path';
import { resultOf } from '../support/bridge-stand-in.ts';
import { type Fault, managed, role } from './fault-kinds.ts';
import { type FaultWorld, RESOURCE, revive } from './fault-world.ts';
import { isAlive, qemusOf } from './fencing-observer.ts';
import { VICTIM } from './fencing-victim.ts';
import type { Laboratory } from './lab.ts';
import { Tail } from './tail.ts';
import { waitFor } from './wait-for.ts';

export const STEPS = ['marking', 'ordering', 'waiting', 'clearing'] as const;
type Step = (typeof STEPS)[number];

export interface Round {
  readonly result: string;
  /** In the moment of the answer. */
  readonly wasAlive: boolean;
  /** The job came to the step at which the fault was to strike. */
  readonly wasStruck: boolean;
  /** Undefined: nothing. */
  readonly left: string | undefined;
}

export const isWrong = ({ result, wasAlive, left }: Round): boolean =>
  (result === 'confirmed' && wasAlive) || left !== undefined;

export function wordsOf({ result, wasAlive, wasStruck, left }: Round): string {
  const notes = [...(wasStruck ? [] : ['step not met']), ...(left === undefined ? [] : [`LEFT: ${left}`])];
  return `${result}, ${wasAlive ? 'alive' : 'dead'}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}

const DEADLINE_MS = 8_000;
const LOOK_MS = 25;
/** Its time, ten seconds more, and the next look for what was forgotten. */
const LEFT_FOR_MS = 75_000;

export async function playRound(
  world: FaultWorld,
  { prepare, strike, mend }: Fault,
  step: Step,
): Promise<Round> {
  await makeReady(world);
  const { lab, bridge, token } = world;
  await prepare?.(lab);
  const reached = stepReached(lab, step);
  const asked = bridge
    .ask(`off ${token}`, DEADLINE_MS)
    .then((answer) => ({ answer, wasAlive: isAlive(lab, VICTIM) }));
  const wasStruck = await reached;
  await strike(lab, bridge);
  await mend?.(lab);
  const { answer, wasAlive } = await asked;
  const result = resultOf(answer);
  const rising = watchForRising(lab);
  const left = (await leftovers(lab)) ?? (await wrongEnd(lab, result));
  const hasRisen = rising.stop();
  return {
    result,
    wasAlive,
    wasStruck,
    left: result === 'confirmed' && hasRisen ? 'it was started again' : left,
  };
}

/** Whether the victim lives at any time from now on until `stop`. */
function watchForRising(lab: Laboratory): { stop(): boolean } {
  let hasRisen = false;
  const timer = setInterval(() => {
    hasRisen ||= isAlive(lab, VICTIM);
  }, LOOK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return hasRisen;
    },
  };
}

/** Of what was confirmed the order stands, what failed has been taken back; of what is unknown nobody has promised either. */
async function wrongEnd(lab: Laboratory, result: string): Promise<string | undefined> {
  const promised = { confirmed: 'Stopped', failed: 'Started' }[result];
  const found = await roleNow(lab);
  return promised === undefined || found === promised ? undefined : `role ${found}`;
}

/** The victim runs where it belongs, the daemon serves, both hosts are online. */
async function makeReady(world: FaultWorld): Promise<void> {
  const { lab } = world;
  await lab.waitForOnline('hosts');
  await revive(world);
  await world.bridge.waitForService();
  await managed(lab, 'true');
  await role(lab, 'Started');
  await waitFor('the victim runs', 60_000, () => qemusOf(lab, VICTIM).length === 1, { pollMs: 20 });
  await lab.waitForIdle('hosts');
}

/** Past the record's time and the next look for what was forgotten at the latest. */
async function leftovers(lab: Laboratory): Promise<string | undefined> {
  let left: string | undefined;
  try {
    await waitFor(
      'nothing is left',
      LEFT_FOR_MS,
      async () => {
        left = await present(lab);
        return left === undefined;
      },
      { pollMs: 200 },
    );
    return undefined;
  } catch {
    return left;
  }
}

/** Records, marks, constraints, and more roles than one. */
async function present(lab: Laboratory): Promise<string | undefined> {
  const configuration = await lab.ask('hosts', ['cibadmin', '--query', '--scope', 'configuration']);
  const mark = await lab.on('hostb', ['attrd_updater', '-Q', '-A', '-n', `force_stop-${RESOURCE}`]);
  if (configuration.includes('name="vm-stonithd"')) return 'a record';
  if (/value="[^"]/.test(mark.stdout)) return 'a mark';
  if ((configuration.match(/<rsc_(location|colocation|order) /g) ?? []).length !== 1) return 'a constraint';
  return /^(Started|Stopped)$/.test(rolesIn(configuration)) ? undefined : `roles ${rolesIn(configuration)}`;
}

const rolesIn = (configuration: string): string =>
  [...configuration.matchAll(/name="target-role" value="([^"]*)"/g)].map(([, value]) => value).join(' ');

const roleNow = async (lab: Laboratory): Promise<string> =>
  rolesIn(await lab.ask('hosts', ['cibadmin', '--query', '--scope', 'configuration']));

async function stepReached(lab: Laboratory, step: Step): Promise<boolean> {
  const log = new Tail(join(lab.rootOf('hosta') ?? '', 'var/log/vm-stonithd.log'));
  const isReached = () => log.read().includes(`=> ${step} `);
  try {
    return await waitFor(`a job is ${step}`, 5_000, isReached, { pollMs: 2 });
  } catch {
    return false;
  }
}
