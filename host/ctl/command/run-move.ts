/** `resource move` and `evacuate`. */

import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import { clusterProblem, type Facts, gatherFacts } from '../cluster/facts.ts';
import { type Guest, guestsIn } from '../cluster/guests.ts';
import type { Session } from '../cluster/session.ts';
import { waitForIdle } from '../cluster/wait-for-idle.ts';
import { type Message, message } from '../messages/message.ts';
import { type MoveOutcome, moveGuest, simulateMoves } from '../move/move-guest.ts';
import { type MoveWish, planMove } from '../move/plan-move.ts';
import { meantGuests } from '../plan/meant-guests.ts';
import { nodeProblem } from '../plan/node-problem.ts';
import { namesOf } from '../plan/plan.ts';
import { EXIT, type Report } from '../report/report.ts';
import type { Invocation } from './invocation.ts';
import { timeoutOf } from './timeout.ts';
import { usage } from './usage.ts';

export async function runMove(session: Session, invocation: Invocation): Promise<Report> {
  const { names, options } = invocation;
  if (names.length === 0) return usage([message('names-needed')]);
  if (!isPossible(session, options)) return usage([message('move-needs-cluster')]);
  return moveAll(session, invocation, options.text('node'), (facts) => meantGuests(names, facts));
}

export async function runEvacuate(session: Session, invocation: Invocation): Promise<Report> {
  const { names, options } = invocation;
  const [node, ...rest] = names.map(({ text }) => text);
  if (node === undefined || rest.length > 0) return usage([message('one-node-needed')]);
  if (!isPossible(session, options)) return usage([message('move-needs-cluster')]);
  return moveAll(session, invocation, undefined, ({ cib, status }) => {
    const nodes = nodesIn(cib.root).map(({ name }) => name);
    const there = guestsIn(cib.root).filter(({ resource }) =>
      status?.resources.some(
        ({ id, isActive, nodes: on }) => id === resource && isActive && on.includes(node),
      ),
    );
    return { guests: there, problems: nodes.includes(node) ? [] : [nodeProblem(node, nodes)] };
  });
}

/** Nothing moves in a file, but where it would go can be planned there. */
const isPossible = ({ isOffline }: Session, options: Invocation['options']): boolean =>
  !isOffline || options.flag('dry-run');

type Choose = (facts: Facts) => {
  readonly guests: readonly Guest[];
  readonly problems: readonly Message[];
};

/** Looks at all of them first, so that what can't be done is told before the first moves. */
async function moveAll(
  session: Session,
  invocation: Invocation,
  node: string | undefined,
  choose: Choose,
): Promise<Report> {
  const { options, typed } = invocation;
  const timeoutMs = timeoutOf(options);
  if (timeoutMs === undefined) return usage([message('timeout-form')]);
  const isPreferred = options.flag('prefer');
  const busy = await waitForIdle(session);
  const gathered = await gatherFacts(session, { status: true });
  if (!gathered.ok) return refused(gathered.problems, EXIT.unavailable);
  const { guests, problems } = choose(gathered.facts);
  const all: Message[] = [...(busy === undefined ? [] : [busy]), ...problems];
  const ways: { guest: Guest; source: string; target: string }[] = [];
  const there: Message[] = [];
  const wishes = guests.map((guest) => ({ guest, node, isPreferred }));
  const simulations = await simulateMoves(session, wishes, gathered.facts);
  if (!simulations.ok) return refused([...all, clusterProblem(simulations, session)], EXIT.failed);
  for (const wish of wishes) {
    const { guest } = wish;
    const plan = planMove(wish, gathered.facts, simulations);
    if (plan.kind === 'problems') all.push(...plan.problems);
    else if (plan.kind === 'there')
      there.push(message('guest-there', { guest: guest.domain, node: plan.node }));
    else ways.push({ guest, source: plan.source, target: plan.target });
  }
  if (all.length > 0) return refused(all, EXIT.failed);
  if (guests.length === 0) there.push(message('no-guest-there'));
  if (options.flag('dry-run')) return dryRun(ways, there);
  if (ways.length > 1 && !options.flag('yes')) {
    const question = message('confirm-moves', { guests: namesOf(ways.map(({ guest }) => guest)) });
    if (!(await session.confirm(question))) return refused([message('not-confirmed')], EXIT.failed);
  }
  const outcomes: MoveOutcome[] = [];
  for (const { guest } of ways) {
    if (session.interrupted.aborted) break;
    outcomes.push(await moveOne(session, { guest, node, isPreferred }, { command: typed, timeoutMs }));
  }
  return moveReport(session, outcomes, ways.length, there);
}

/** Looked at anew: what moved before has changed what is best. */
async function moveOne(
  session: Session,
  wish: MoveWish,
  how: Parameters<typeof moveGuest>[3],
): Promise<MoveOutcome> {
  const { domain } = wish.guest;
  const refusal = (messages: readonly Message[]): MoveOutcome => ({
    domain,
    kind: 'refused',
    source: undefined,
    target: undefined,
    node: undefined,
    elapsedMs: 0,
    isConstraintLeft: false,
    messages,
  });
  const gathered = await gatherFacts(session, { status: true });
  if (!gathered.ok) return refusal(gathered.problems);
  const simulations = await simulateMoves(session, [wish], gathered.facts);
  if (!simulations.ok) return refusal([clusterProblem(simulations, session)]);
  const plan = planMove(wish, gathered.facts, simulations);
  if (plan.kind === 'problems') return refusal(plan.problems);
  if (plan.kind === 'there') return { ...refusal([]), kind: 'there', node: plan.node };
  return moveGuest(session, wish, plan, how);
}

function refused(problems: readonly Message[], exitCode: number): Report {
  return { exitCode, problems: [...problems, message('nothing-changed')], data: { changed: false } };
}

function dryRun(
  ways: readonly { guest: Guest; source: string; target: string }[],
  there: readonly Message[],
): Report {
  return {
    exitCode: EXIT.ok,
    lines: [
      ...there,
      ...ways.map(({ guest, source, target }) =>
        message(guest.isMigrationAllowed ? 'would-migrate' : 'would-move', {
          guest: guest.domain,
          source,
          target,
        }),
      ),
    ],
    data: {
      changed: false,
      dryRun: true,
      moves: ways.map(({ guest, source, target }) => ({ guest: guest.domain, source, target })),
    },
  };
}

function moveReport(
  session: Session,
  outcomes: readonly MoveOutcome[],
  wanted: number,
  there: readonly Message[],
): Report {
  const good = outcomes.filter(({ kind }) => kind === 'moved' || kind === 'there');
  const bad = outcomes.filter((outcome) => !good.includes(outcome));
  const left = outcomes.filter(({ isConstraintLeft }) => isConstraintLeft);
  const isComplete = good.length === wanted && left.length === 0;
  const seconds = (outcome: MoveOutcome) => (outcome.elapsedMs / 1000).toFixed(1);
  return {
    exitCode: isComplete ? EXIT.ok : session.interrupted.aborted ? EXIT.interrupted : EXIT.failed,
    problems: [
      ...left.filter((one) => good.includes(one)).flatMap(({ messages }) => messages),
      ...bad.flatMap(({ domain, node, messages }) => [
        ...messages,
        message('guest-is-now', { guest: domain, node: node ?? '?' }),
      ]),
    ],
    lines: [
      ...there,
      ...good.map((one) =>
        message('guest-moved', { guest: one.domain, node: one.node ?? '?', seconds: seconds(one) }),
      ),
      ...(wanted > 1 ? [message('summary', { done: good.length, all: wanted })] : []),
    ],
    data: {
      changed: outcomes.some(({ kind }) => kind === 'moved'),
      moves: outcomes.map(({ domain, kind, source, target, node, elapsedMs, isConstraintLeft }) => ({
        guest: domain,
        result: kind,
        source: source ?? null,
        target: target ?? null,
        node: node ?? null,
        elapsedMs: Math.round(elapsedMs),
        constraintRemoved: !isConstraintLeft,
      })),
    },
  };
}
