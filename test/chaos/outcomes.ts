/**
 * One outcome for each request: what the hosts have written into their audit logs beside what the guest was told.
 *
 * A request may have several lines: it is asked again of a daemon that was restarted, or taken up again by one with nobody
 * waiting, and `unknown` claims nothing. What must never be is `failed`, which says that all is as it was, behind or beside
 * `confirmed`, a line of another operation, an answer that its lines don't bear out, or a denial: all that is asked is
 * granted. A `confirmed` without a line is one of these, unless a full disk, a lost host or a daemon that was killed may
 * have cost it. A guest that was told nothing can't have been told wrongly.
 */
import type { Audited } from './audit-watch.ts';

export interface Told {
  readonly id: string;
  readonly asker: string;
  readonly action: string;
  /** The result in the answer; undefined: none came. */
  readonly result: string | undefined;
  readonly askedMs: number;
  readonly atMs: number;
}

export interface Joined {
  /** Answers of which at least one line was found. */
  readonly joined: number;
  readonly answers: number;
  readonly contradictions: readonly string[];
}

/** Of `list` each target has a line under the id of the whole. */
const IS_ONE = (line: Audited) => line.operation !== 'list';

export function joinOutcomes(
  audited: readonly Audited[],
  told: readonly Told[],
  mayBeLost: (one: Told) => boolean,
): Joined {
  const byRequest = new Map<string, Audited[]>();
  for (const line of audited.filter(IS_ONE)) {
    const request = `${line.requester} ${line.id}`;
    byRequest.set(request, [...(byRequest.get(request) ?? []), line]);
  }
  const answers = told.filter(({ result }) => result !== undefined);
  const linesOf = ({ asker, id }: Told) => byRequest.get(`${asker} ${id}`) ?? [];
  return {
    joined: answers.filter((one) => linesOf(one).length > 0).length,
    answers: answers.length,
    contradictions: [
      ...[...byRequest].flatMap(([request, lines]) => within(request, lines)),
      ...answers.flatMap((one) => beside(one, linesOf(one), mayBeLost)),
    ],
  };
}

function within(request: string, lines: readonly Audited[]): readonly string[] {
  const inTime = lines.toSorted((one, other) => one.readMs - other.readMs);
  const confirmed = inTime.findIndex(({ result }) => result === 'confirmed');
  const isFailedLater =
    confirmed >= 0 && inTime.some(({ result }, index) => index > confirmed && result === 'failed');
  const isDenied = lines.some(({ result }) => result === 'denied');
  if (!isFailedLater && !isDenied) return [];
  const words = inTime.map(({ host, result, reason }) => `${host}: ${result} (${reason})`).join(', then ');
  return [`the request ${request} has ended in more than one way, or was denied: ${words}`];
}

function beside(one: Told, lines: readonly Audited[], mayBeLost: (one: Told) => boolean): readonly string[] {
  const { id, asker, action, result } = one;
  const operation = action === 'reboot' ? 'reset' : action;
  const own = lines.filter((line) => line.operation === operation).map((line) => line.result);
  const isContradicted =
    result === 'denied' ||
    own.length < lines.length ||
    (result === 'failed' && own.includes('confirmed')) ||
    (result === 'confirmed' && !own.includes('confirmed') && (lines.length > 0 || !mayBeLost(one)));
  if (!isContradicted) return [];
  const said = lines.map((line) => `${line.operation} ${line.result}`).join(', ') || 'nothing';
  return [
    `${asker} was told that its ${action} (request ${id}) is ${result}, and the audit logs say ${said}`,
  ];
}
