/**
 * fence_vm, from its input to its exit status.
 *
 *   parameters -> settings -> tokens -> delay -> question to the host -> verdict -> exit status
 *
 * Invariant: 0 for on, off and reboot only by a verdict `done` (verdict.ts); every other way out of here is 1. What goes
 * wrong is one line on standard error that names the thing, the fault and the remedy, and has "timed out" in it when
 * time was the cause, which Pacemaker looks for.
 */

import { VERSION } from '../../shared/version.ts';
import { quoted } from '../../shared/visible.ts';
import { ACTIONS, type Action, type NodeAction, readAction } from './actions.ts';
import { type Asking, askOperation, askStates, type Judged } from './ask-host.ts';
import { delayMs } from './delay.ts';
import { helpText, metadataXml } from './metadata.ts';
import { fromArguments, fromInput, type Given } from './read-parameters.ts';
import { readSettings, type Settings } from './settings.ts';
import { loadTargets, type Targets, tokenFor } from './targets.ts';
import type { Failure, ListedState } from './verdict.ts';

/** All that it does to the world beside asking. */
export interface World {
  readonly parameters: readonly string[];
  readonly readInput: () => string;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly isUnderPacemaker: boolean;
  readonly random: () => number;
  readonly sleep: (delayMs: number) => Promise<void>;
}

const OK = 0;
const FAILED = 1;
const IS_OFF = 2;

export async function fenceVm(world: World): Promise<number> {
  const read =
    world.parameters.length > 0
      ? fromArguments(world.parameters)
      : ({ ok: true, given: fromInput(world.readInput()) } as const);
  if (!read.ok) return usageProblems([read.problem], world);
  const { given } = read;
  if (given.has('help')) return printed(helpText(), world);
  if (given.has('version')) return printed(`${VERSION}\n`, world);
  const action = readAction(given.get('action') || 'reboot');
  if (action === undefined) {
    const problem = `Unrecognised action ${quoted(given.get('action'))}: use one of ${ACTIONS.join(' ')}`;
    return usageProblems([problem], world);
  }
  if (action === 'metadata' || action === 'manpage') return printed(metadataXml(), world);
  return act(action, given, world);
}

async function act(
  action: Exclude<Action, 'metadata' | 'manpage'>,
  given: Given,
  world: World,
): Promise<number> {
  const read = readSettings(given, world.isUnderPacemaker);
  if (!read.ok) return usageProblems(read.problems, world);
  const { settings } = read;
  const loaded = loadTargets(settings);
  if (!loaded.ok) return usageProblems(loaded.problems, world);
  const { targets } = loaded;
  const session: Session = {
    settings,
    targets,
    world: settings.isQuiet ? { ...world, complain() {} } : world,
  };
  switch (action) {
    case 'on':
    case 'off':
    case 'reboot':
    case 'status':
      return actOnNode(action, session);
    case 'list':
      return list(session);
    case 'list-status':
      return listStatus(session);
    case 'monitor':
      return monitor(session);
    case 'validate-all':
      return OK; // the plug is not looked at: Pacemaker validates with one that it makes up
  }
}

interface Session {
  readonly settings: Settings;
  readonly targets: Targets;
  readonly world: World;
}

async function actOnNode(action: NodeAction, session: Session): Promise<number> {
  const { settings, targets, world } = session;
  const { plug } = settings;
  if (plug === undefined) return usageProblems([`${action} needs a node: set plug`], world);
  const token = tokenFor(targets, plug);
  if (token === undefined) return noToken(plug, session);
  await world.sleep(delayMs(action, settings, world.random));
  const timeoutMs = action === 'status' ? settings.queryTimeoutMs : settings.powerTimeoutMs;
  const { requestId, verdict } = await askOperation(action, token, plug, askingOf(session, timeoutMs));
  if (verdict.kind !== 'done') return failed(`${WISHES[action]} ${plug}`, requestId, verdict, world);
  if (action !== 'status') return printed(`Success: ${SUCCESSES[action]}\n`, world);
  world.print(`Status: ${verdict.value === 'on' ? 'ON' : 'OFF'}\n`);
  return verdict.value === 'on' ? OK : IS_OFF;
}

const WISHES: Readonly<Record<NodeAction, string>> = {
  on: 'cannot power on',
  off: 'cannot power off',
  reboot: 'cannot reboot',
  status: 'cannot tell the status of',
};
const SUCCESSES = { on: 'Powered ON', off: 'Powered OFF', reboot: 'Rebooted' } as const;

function noToken(plug: string, { targets, world }: Session): number {
  const where =
    targets.kind === 'map' ? ` in ${targets.from}, which knows ${[...targets.tokens.keys()].join(' ')}` : '';
  return usageProblems([`there is no token for ${plug}${where}; add it there`], world);
}

/** The nodes that can be fenced, or the problem. */
function namesOf({ settings: { plug }, targets }: Session): readonly string[] | undefined {
  if (targets.kind === 'map') return [...targets.tokens.keys()];
  return plug === undefined ? undefined : [plug];
}

function list(session: Session): number {
  const names = namesOf(session);
  if (names === undefined) return noNames(session);
  const { settings, world } = session;
  return printed(names.map((name) => `${name}${settings.separator}\n`).join(''), world);
}

async function listStatus(session: Session): Promise<number> {
  const names = namesOf(session);
  if (names === undefined) return noNames(session);
  const { settings, world } = session;
  const { requestId, verdict } = await statesOf(session);
  if (verdict.kind !== 'done')
    return failed('cannot tell the status of the nodes', requestId, verdict, world);
  const states = verdict.value;
  const line = (name: string, index: number) =>
    [name, '', shownState(states[index])].join(settings.separator);
  return printed(names.map((name, index) => `${line(name, index)}\n`).join(''), world);
}

const shownState = (state: ListedState | undefined) =>
  state === 'on' || state === 'off' ? state.toUpperCase() : 'UNKNOWN';

async function monitor(session: Session): Promise<number> {
  const { requestId, verdict } = await statesOf(session);
  const { targets, world } = session;
  if (verdict.kind !== 'done') return failed('cannot fence with this device', requestId, verdict, world);
  const names = targets.kind === 'map' ? [...targets.tokens.keys()] : ['the node of the parameter token'];
  const denied = names.filter((_, index) => verdict.value[index] === 'denied');
  if (denied.length === 0) return OK;
  const remedy = "its admin finds the reason in vm-stonithd's log";
  return complained(
    `cannot fence ${denied.join(' ')}: the host denies the token; ${remedy} (request ${requestId})`,
    world,
  );
}

function statesOf(session: Session): Promise<Judged<readonly ListedState[]>> {
  const { settings, targets } = session;
  const tokens = targets.kind === 'map' ? [...targets.tokens.values()] : [targets.token];
  return askStates(tokens, askingOf(session, settings.queryTimeoutMs));
}

function noNames({ world }: Session): number {
  return usageProblems(['cannot list: token names no node; write it as NAME:TOKEN, or set plug'], world);
}

function askingOf({ settings, world }: Session, timeoutMs: number): Asking {
  const trace = (line: string) => (settings.isVerbose ? world.complain(`fence_vm: ${line}\n`) : undefined);
  return { socketPath: settings.socketPath, timeoutMs, trace };
}

function failed(what: string, requestId: string, { fault, remedy }: Failure, world: World): number {
  return complained(`${what}: ${fault}; ${remedy} (request ${requestId})`, world);
}

function usageProblems(problems: readonly string[], world: World): number {
  for (const problem of problems) complained(problem, world);
  return FAILED;
}

/** A token, which may stand where a name, a path or an option was expected. */
const TOKEN = /(pkt2\.[\w-]*\.)[\w-]+/g;

function complained(problem: string, world: World): number {
  world.complain(`fence_vm: ${problem.replace(TOKEN, '$1(hidden)')}\n`);
  return FAILED;
}

function printed(text: string, world: World): number {
  world.print(text);
  return OK;
}
