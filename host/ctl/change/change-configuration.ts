/**
 * Makes a plan and carries it out, as one change that happens as a whole or not at all:
 *
 *   idle? -> facts -> plan -> backup -> change --conflict: somebody changed it since--> facts -> …
 *                       |                  |
 *                       +-> problems       +-> done, recorded for undo
 *
 * Failure at every step: before `change` nothing has happened; a change that is refused has changed nothing; a conflict
 * makes the plan again, ATTEMPTS times at most; an answer that did not come is looked into by version, so what is said
 * to be done is done. Whoever dies between change and record leaves a backup and a configuration that is whole. Without
 * room for a backup nothing is changed, but for what has to be cleaned up.
 */
import { changeCib } from '../../pacemaker/cib-change.ts';
import { type CibChange, diffConfiguration } from '../../pacemaker/cib-diff.ts';
import type { Cib, CibVersion } from '../../pacemaker/cib-query.ts';
import { type Simulation, simulate } from '../../pacemaker/simulate.ts';
import { clusterProblem, type Facts, gatherFacts, type Needs } from '../cluster/facts.ts';
import type { Session } from '../cluster/session.ts';
import { waitForIdle } from '../cluster/wait-for-idle.ts';
import { shellWord } from '../format/words.ts';
import { type Message, message } from '../messages/message.ts';
import type { Plan, Planner } from '../plan/plan.ts';
import { faultOf, recordChange, saveBackup } from './history.ts';

export interface ChangeWish {
  /** As the person typed it, for the record. */
  readonly command: string;
  readonly needs: Needs;
  readonly plan: Planner;
  readonly isDryRun: boolean;
  /** Asked before it is done; undefined, or none for this plan: not asked. */
  readonly question?: (plan: Plan) => Message | undefined;
  /** Whether undo may take it back; a step within a longer work is not to be. */
  readonly isRecorded?: boolean;
  /** Now, whatever the cluster is about, and also when somebody wants us to end: for what must be cleaned up. */
  readonly isUrgent?: boolean;
}

export type ChangeOutcome =
  /** `unavailable`: the cluster or libvirt could not be asked. */
  | {
      readonly kind: 'refused' | 'unavailable';
      readonly problems: readonly Message[];
      readonly warnings: readonly Message[];
    }
  | { readonly kind: 'nothing'; readonly plan: Plan; readonly facts: Facts }
  | {
      readonly kind: 'planned';
      readonly plan: Plan;
      readonly facts: Facts;
      readonly changes: readonly CibChange[];
      readonly simulation: Simulation;
    }
  | {
      readonly kind: 'changed';
      readonly plan: Plan;
      readonly facts: Facts;
      readonly changes: readonly CibChange[];
      /** Undefined where there was no room for it: only of what had to be cleaned up. */
      readonly backup: string | undefined;
      /** The command that goes back, if one can. */
      readonly undo: string | undefined;
    };

const ATTEMPTS = 5;

export async function changeConfiguration(session: Session, wish: ChangeWish): Promise<ChangeOutcome> {
  const busy = wish.isUrgent === true ? undefined : await waitForIdle(session);
  let isConfirmed = false;
  for (let attempt = 1; ; attempt++) {
    const gathered = await gatherFacts(session, wish.needs);
    if (!gathered.ok) return unavailable(gathered.problems);
    const { facts } = gathered;
    const plan = wish.plan(facts);
    const problems = [...(busy === undefined ? [] : [busy]), ...plan.problems];
    if (problems.length > 0) return { kind: 'refused', problems, warnings: plan.warnings };
    const changes = diffConfiguration(facts.cib.root, plan.after);
    if (changes.length === 0) return { kind: 'nothing', plan, facts };
    if (wish.isDryRun) return dryRun(session, { plan, facts, changes });
    const question = wish.question?.(plan);
    if (question !== undefined && !isConfirmed) {
      isConfirmed = await session.confirm(question);
      if (!isConfirmed) return { kind: 'refused', problems: [message('not-confirmed')], warnings: [] };
    }
    if (session.interrupted.aborted && wish.isUrgent !== true) return unavailable([message('interrupted')]);
    const backup = saved(session, facts.cib);
    if (!backup.ok && wish.isUrgent !== true) return unavailable([backup.problem]);
    const result = await changeCib(session.pacemaker, facts.cib, changes);
    if (result.ok) {
      const done = { kind: 'changed', plan, facts, changes, backup: backup.path } as const;
      const unrecorded =
        wish.isRecorded === false ? undefined : recorded(session, wish, done.backup, result.version);
      return unrecorded === undefined
        ? { ...done, undo: undoCommand(session) }
        : { ...done, plan: { ...plan, warnings: [...plan.warnings, unrecorded] }, undo: undefined };
    }
    if (result.kind === 'invalid') {
      const refusal = message('change-invalid', { fault: result.fault.slice(0, 400) });
      return { kind: 'refused', problems: [refusal], warnings: plan.warnings };
    }
    if (result.kind !== 'conflict') return unavailable([clusterProblem(result, session)]);
    if (attempt === ATTEMPTS) return unavailable([message('changed-too-often', { attempts: ATTEMPTS })]);
    session.tell(message('changed-meanwhile'));
  }
}

type Saved =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly path: undefined; readonly problem: Message };

function saved({ stateDirectory, clock }: Session, cib: Cib): Saved {
  let path = '';
  const fault = faultOf(() => {
    path = saveBackup(stateDirectory, cib, clock.wallMs());
  });
  if (fault === undefined) return { ok: true, path };
  return {
    ok: false,
    path: undefined,
    problem: message('state-unwritable', { directory: stateDirectory, fault }),
  };
}

/** What is done is done: why undo can't take it back is a warning. */
function recorded(
  { stateDirectory }: Session,
  { command }: ChangeWish,
  backup: string | undefined,
  version: CibVersion,
): Message | undefined {
  if (backup === undefined) return undefined;
  const fault = faultOf(() => recordChange(stateDirectory, command, backup, version));
  return fault === undefined ? undefined : message('change-unrecorded', { backup, fault });
}

interface Planned {
  readonly plan: Plan;
  readonly facts: Facts;
  readonly changes: readonly CibChange[];
}

async function dryRun(session: Session, planned: Planned): Promise<ChangeOutcome> {
  const simulation = await simulate(session.pacemaker, planned.plan.after);
  if (!simulation.ok) return unavailable([clusterProblem(simulation, session)]);
  return { kind: 'planned', ...planned, simulation };
}

function unavailable(problems: readonly Message[]): ChangeOutcome {
  return { kind: 'unavailable', problems, warnings: [] };
}

/** For the same file: without it, the last change of the cluster would be taken back. */
function undoCommand({ pacemaker: { cibFile } }: Session): string {
  return cibFile === undefined ? 'vm-ctl undo' : `vm-ctl undo --cib-file ${shellWord(cibFile)}`;
}
