/** The commands that make one change: add, delete, start, stop, unmove, location move, undo. */
import type { ChangeOutcome, ChangeWish } from '../change/change-configuration.ts';
import { changeConfiguration } from '../change/change-configuration.ts';
import { waitForRoles } from '../change/wait-for-roles.ts';
import { runningElsewhere } from '../cluster/running-elsewhere.ts';
import type { Session } from '../cluster/session.ts';
import { type Message, message } from '../messages/message.ts';
import { namesOf, type Plan } from '../plan/plan.ts';
import { planAdd } from '../plan/plan-add.ts';
import { planDelete } from '../plan/plan-delete.ts';
import { planLocationFromNode, planLocationOfGuests } from '../plan/plan-location.ts';
import { planRole, type Role } from '../plan/plan-role.ts';
import { planUnmove } from '../plan/plan-unmove.ts';
import { changeReport } from '../report/change-report.ts';
import { EXIT, type Report } from '../report/report.ts';
import type { Invocation } from './invocation.ts';
import { timeoutOf } from './timeout.ts';
import { usage } from './usage.ts';

type Wish = Pick<ChangeWish, 'needs' | 'plan'> & Partial<ChangeWish>;

function change(session: Session, { typed, options }: Invocation, wish: Wish): Promise<ChangeOutcome> {
  const isAsked = wish.question !== undefined && !options.flag('yes');
  return changeConfiguration(session, {
    command: typed,
    isDryRun: options.flag('dry-run'),
    needs: wish.needs,
    plan: wish.plan,
    ...(isAsked && wish.question !== undefined ? { question: wish.question } : {}),
  });
}

export async function runAdd(session: Session, invocation: Invocation): Promise<Report> {
  const { names, options } = invocation;
  const node = options.text('active');
  const migrate = options.text('migrate');
  const problems = [
    ...(names.length === 0 ? [message('names-needed')] : []),
    ...(node === undefined ? [message('active-node-needed')] : []),
    ...(migrate === undefined || ['on', 'off'].includes(migrate)
      ? []
      : [message('migrate-on-off', { migrate })]),
  ];
  if (problems.length > 0 || node === undefined) return usage(problems);
  const wish = { names, node, isMigrationAllowed: migrate === undefined ? undefined : migrate === 'on' };
  const format = options.text('format');
  if (format !== undefined) {
    const { formatted } = await import('./run-format.ts');
    return formatted(format, wish, session.settings);
  }
  const elsewhere = await runningElsewhere(session);
  const outcome = await change(session, invocation, {
    needs: { domains: true },
    plan: (facts) => planAdd(wish, facts, elsewhere),
    question: shutdownQuestion,
  });
  return changeReport(outcome, (guest) => message('guest-added', { guest, node }));
}

/** A guest that is added is to be stopped, and Pacemaker sees to that. */
function shutdownQuestion({ warnings }: Plan): Message | undefined {
  const running = warnings.flatMap(({ key, values }) =>
    key === 'domain-runs-now' || key === 'domain-runs-elsewhere' ? [values['guest']] : [],
  );
  return running.length === 0
    ? undefined
    : message('confirm-shutdown', { guests: [...new Set(running)].join(', ') });
}

export async function runDelete(session: Session, invocation: Invocation): Promise<Report> {
  const { names } = invocation;
  if (names.length === 0) return usage([message('names-needed')]);
  const outcome = await change(session, invocation, {
    needs: { status: true },
    plan: (facts) => planDelete(names, facts),
    question: ({ guests }) => message('confirm-delete', { guests: namesOf(guests) }),
  });
  if (outcome.kind === 'changed' && !session.isOffline) {
    const { forgetDeleted } = await import('../change/forget-deleted.ts');
    await forgetDeleted(session, outcome.plan.guests, outcome.facts.cib.root);
  }
  return changeReport(outcome, (guest) => message('guest-deleted', { guest }));
}

export async function runRole(session: Session, invocation: Invocation, role: Role): Promise<Report> {
  const { names, options } = invocation;
  if (names.length === 0) return usage([message('names-needed')]);
  const timeoutMs = timeoutOf(options);
  if (timeoutMs === undefined) return usage([message('timeout-form')]);
  const outcome = await change(session, invocation, {
    needs: { status: !session.isOffline },
    plan: (facts) => planRole(names, role, facts),
  });
  const set = role === 'Started' ? 'role-set-started' : 'role-set-stopped';
  const report = changeReport(outcome, (guest) => message(set, { guest }));
  const isWaiting = !session.isOffline && !options.isRefused('wait');
  if ((outcome.kind !== 'changed' && outcome.kind !== 'nothing') || !isWaiting) return report;
  return { ...report, ...(await waited(session, outcome.plan, role, timeoutMs, report)) };
}

async function waited(
  session: Session,
  plan: Plan,
  role: Role,
  timeoutMs: number,
  report: Report,
): Promise<Partial<Report>> {
  const outcomes = await waitForRoles(session, plan.guests, role, timeoutMs);
  const bad = outcomes.filter(({ result }) => result !== 'done');
  const done = outcomes.length - bad.length;
  const isBulk = outcomes.length > 1;
  const backup = report.lines?.filter(({ key }) => key === 'backup-saved') ?? [];
  const interrupted = session.interrupted.aborted && bad.length > 0;
  return {
    exitCode: interrupted ? EXIT.interrupted : bad.length > 0 ? EXIT.failed : EXIT.ok,
    problems: [...bad.map((one) => one.message), ...(interrupted ? [message('interrupted')] : [])],
    lines: [
      ...outcomes.filter(({ result }) => result === 'done').map((one) => one.message),
      ...(isBulk ? [message('summary', { done, all: outcomes.length })] : []),
      ...backup,
    ],
    data: {
      ...report.data,
      results: outcomes.map(({ guest, result, node }) => ({
        guest: guest.domain,
        result,
        node: node ?? null,
      })),
    },
  };
}

export async function runUnmove(session: Session, invocation: Invocation): Promise<Report> {
  const { names } = invocation;
  if (names.length === 0) return usage([message('names-needed')]);
  const outcome = await change(session, invocation, { needs: {}, plan: (facts) => planUnmove(names, facts) });
  return changeReport(outcome, (guest) => message('guest-unmoved', { guest }));
}

export async function runLocationMove(session: Session, invocation: Invocation): Promise<Report> {
  const { names, options } = invocation;
  const before = options.text('before');
  if ((names.length === 0) === (before === undefined)) return usage([message('names-or-node-needed')]);
  const outcome = await change(session, invocation, {
    needs: { status: true },
    plan: (facts) =>
      before === undefined ? planLocationOfGuests(names, facts) : planLocationFromNode(before, facts),
  });
  return changeReport(outcome, (guest) => message('preference-moved', { guest }));
}
