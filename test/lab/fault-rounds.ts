/**
 * Fencing requests with a fault at a step of the job: what was answered, what was true in that moment, and what is left.
 * Whether the victim lives is told by QEMU's processes, whatever any cluster or libvirt says.
 */
import { join } from 'node:path';
import { resultOf } from '../support/bridge-stand-in.ts';
import { type Fault, managed, role } from './fault-kinds.ts';
import { type Moment, STUCK_MS } from './fault-moments.ts';
import { type FaultWorld, RESOURCE, revive } from './fault-world.ts';
import { qemusOf } from './fencing-observer.ts';
import { VICTIM } from './fencing-victim.ts';
import type { Laboratory } from './lab.ts';
import { Tail } from './tail.ts';
import { waitFor } from './wait-for.ts';

export interface Round {
  readonly result: string;
  /** In the moment of the answer; for a reset the one that ran before. */
  readonly wasAlive: boolean;
  /** The job came to the step at which the fault was to strike. */
  readonly wasStruck: boolean;
  /** What must not be; undefined: nothing. */
  readonly wrong: string | undefined;
}

export function wordsOf({ result, wasAlive, wasStruck, wrong }: Round): string {
  const notes = [...(wasStruck ? [] : ['step not met']), ...(wrong === undefined ? [] : [`WRONG: ${wrong}`])];
  return `${result}, ${wasAlive ? 'alive' : 'dead'}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}

const LOOK_MS = 25;
/** Its time, ten seconds more, and the next look for what was forgotten. */
const LEFT_FOR_MS = 75_000;

export async function playRound(world: FaultWorld, fault: Fault, moment: Moment): Promise<Round> {
  await makeReady(world, moment.operation);
  await fault.prepare?.(world.lab);
  const watched = watch(world.lab);
  try {
    return await playWatched(world, fault, moment, watched);
  } finally {
    watched.stop();
  }
}

async function playWatched(
  { lab, bridge, token }: FaultWorld,
  { strike, mend, asksForAStart = false }: Fault,
  { operation, step, deadlineMs, isStuck }: Moment,
  watched: ReturnType<typeof watch>,
): Promise<Round> {
  const before = qemusOf(lab, VICTIM);
  if (isStuck) await lab.signalDaemon('hostb', 'pacemaker-execd', 'STOP');
  const reached = stepReached(lab, step);
  const asked = bridge.ask(`${operation} ${token}`, deadlineMs).then((answer) => {
    const now = qemusOf(lab, VICTIM);
    const wasAlive = operation === 'reset' ? now.some((pid) => before.includes(pid)) : now.length > 0;
    return { result: resultOf(answer), wasAlive, risenBefore: watched.begun };
  });
  const wasStruck = await reached;
  await strike(lab, bridge);
  const unstuck = isStuck ? goOn(lab) : undefined;
  await mend?.(lab);
  await unstuck;
  const { result, wasAlive, risenBefore } = await asked;
  const { left, role: roleLeft } = await atRest(lab);
  const mayRise = asksForAStart || operation !== 'off' || result !== 'confirmed';
  const hasRisen = !mayRise && watched.begun > risenBefore;
  const isFalse = result === 'confirmed' && wasAlive !== (operation === 'on');
  const wrong = [
    ...(isFalse ? ['a false confirmation'] : []),
    ...(hasRisen ? ['it was started again'] : []),
    ...(watched.hasSeenTwo ? ['it ran twice at once'] : []),
    ...(left === undefined ? [] : [`left: ${left}`]),
    ...(asksForAStart || isPromised(operation, result, roleLeft) ? [] : [`left: role ${roleLeft}`]),
  ];
  return { result, wasAlive, wasStruck, wrong: wrong.length > 0 ? wrong.join(', ') : undefined };
}

/** How many QEMUs of the victim have begun since, and whether two lived at once. */
function watch(lab: Laboratory) {
  let present = qemusOf(lab, VICTIM);
  const watched = { begun: 0, hasSeenTwo: false, stop: () => clearInterval(timer) };
  const timer = setInterval(() => {
    const now = qemusOf(lab, VICTIM);
    watched.begun += now.filter((pid) => !present.includes(pid)).length;
    watched.hasSeenTwo ||= now.length > 1;
    present = now;
  }, LOOK_MS);
  return watched;
}

async function goOn(lab: Laboratory): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, STUCK_MS));
  await lab.signalDaemon('hostb', 'pacemaker-execd', 'CONT');
}

/** Of what was confirmed the order stands, what failed has been taken back; of what is unknown nobody has promised either. */
function isPromised(operation: Moment['operation'], result: string, role: string): boolean {
  const former = operation === 'on' ? 'Stopped' : 'Started';
  const ordered = operation === 'off' ? 'Stopped' : 'Started';
  const promised = { confirmed: ordered, failed: former }[result];
  return promised === undefined || role === promised;
}

/** The victim runs where it belongs, or is off if it is to be started; the daemon serves, both hosts are online. */
async function makeReady(world: FaultWorld, operation: Moment['operation']): Promise<void> {
  const { lab } = world;
  await lab.waitForOnline('hosts');
  await revive(world);
  await world.bridge.waitForService();
  await lab.ask('hosts', ['crm_resource', '--cleanup', '-r', RESOURCE]);
  await managed(lab, 'true');
  const isOn = operation !== 'on';
  await role(lab, isOn ? 'Started' : 'Stopped');
  const words = isOn ? 'the victim runs' : 'the victim is off';
  const isReady = () => qemusOf(lab, VICTIM).length === (isOn ? 1 : 0);
  await waitFor(words, 60_000, isReady, { pollMs: 20 });
  await lab.waitForIdle('hosts');
}

/** What is there at rest: past the record's time and the next look for what was forgotten at the latest. */
async function atRest(lab: Laboratory): Promise<Rest> {
  let rest: Rest = { left: 'nothing was looked at', role: '' };
  const isTidy = async () => {
    rest = await lookAround(lab);
    return rest.left === undefined;
  };
  // Whoever has waited in vain says what is left.
  await waitFor('nothing is left', LEFT_FOR_MS, isTidy, { pollMs: 200 }).catch(() => undefined);
  return rest;
}

interface Rest {
  readonly left: string | undefined;
  readonly role: string;
}

/** For records, marks, constraints, and more roles than one. */
async function lookAround(lab: Laboratory): Promise<Rest> {
  const deaf = { left: 'a cluster that does not answer', role: '' };
  const query = ['cibadmin', '--query', '--scope', 'configuration'];
  const configuration = await lab.ask('hosts', query).catch(() => undefined);
  const mark = await lab.on('hostb', ['attrd_updater', '-Q', '-A', '-n', `force_stop-${RESOURCE}`]);
  if (configuration === undefined || mark.kind !== 'exited') return deaf;
  const roles = [...configuration.matchAll(/name="target-role" value="([^"]*)"/g)].map(([, value]) => value);
  const role = roles.join(' ');
  if (configuration.includes('name="vm-stonithd"')) return { left: 'a record', role };
  if (/value="[^"]/.test(mark.stdout)) return { left: 'a mark', role };
  if ((configuration.match(/<rsc_(location|colocation|order) /g) ?? []).length !== 1)
    return { left: 'a constraint', role };
  return { left: /^(Started|Stopped)$/.test(role) ? undefined : `roles ${role}`, role };
}

/** False as well when the job was over before. */
async function stepReached(lab: Laboratory, step: Moment['step']): Promise<boolean> {
  const log = new Tail(join(lab.rootOf('hosta') ?? '', 'var/log/vm-stonithd.log'));
  const isReached = () => log.read().includes(`=> ${step} `);
  try {
    return await waitFor(`a job is ${step}`, 5_000, isReached, { pollMs: 2 });
  } catch {
    return false;
  }
}
