/** What a run has shown, for people. */
import { loadavg } from 'node:os';
import type { Played } from './play.ts';
import { KIND_NAMES, type Schedule } from './schedule.ts';
import { wordsOf } from './violations.ts';

const LONGEST_WORDS = 300;
const NAME_WIDTH = 50;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function reportOf({ seed, forMs }: Schedule, played: Played): string {
  const { strikes, outcomes, violations, untested, trend, convergedMs, watchedMs, looks, audited } = played;
  const none = { drawn: 0, struck: 0 };
  const kinds = KIND_NAMES.map((name) => ({ name, ...(strikes.get(name) ?? none) }));
  const drawn = kinds.reduce((sum, one) => sum + one.drawn, 0);
  const struck = kinds.reduce((sum, one) => sum + one.struck, 0);
  const watched = [...watchedMs].map(([victim, ms]) => `${victim} ${seconds(ms)}`);
  const converged = convergedMs === undefined ? 'never' : `${seconds(convergedMs)} after the last was undone`;
  return [
    '',
    table(
      'faults: drawn / struck',
      kinds.map(({ name, drawn: all, struck: met }) => [name, `${all} / ${met}`]),
    ),
    table(
      'requests',
      [...outcomes]
        .sort()
        .map(([what, { count, words }]) => [what, `${count}  ${words.slice(0, LONGEST_WORDS)}`]),
    ),
    table(
      'median of the first third, and of the last',
      trend.map(([name, first, last]) => [name, `${first.toFixed(0)}  ${last.toFixed(0)}`]),
    ),
    `watched for unasked starts: ${watched.join(', ')}`,
    `what was ordered had ${(played.fairMs / 1000).toFixed(0)} s to happen in all, without great trouble; ${played.ordersAgain} orders were given again`,
    `looked at QEMU's processes ${looks.count} times, every ${looks.meanMs.toFixed(0)} ms; the longest gap was ${looks.longestMs.toFixed(0)} ms`,
    `${played.offsOfLiving} guests that lived were confirmed off; ${audited.joined} of ${audited.answers} answers are in the audit logs`,
    ...untested.map((words) => `TOO LITTLE ${words}`),
    ...violations.map(wordsOf),
    `seed ${seed}, ${(forMs / 60_000).toFixed(1)} minutes: ${drawn} faults drawn, ${struck} struck, ${violations.length} violations; ` +
      `all was as before: ${converged}; load ${loadavg()
        .map((one) => one.toFixed(1))
        .join(' ')}`,
  ].join('\n');
}

function table(title: string, rows: readonly (readonly [what: string, figures: string])[]): string {
  return [title, ...rows.map(([what, figures]) => `  ${what.padEnd(NAME_WIDTH)} ${figures}`)].join('\n');
}
