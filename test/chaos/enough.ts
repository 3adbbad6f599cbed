/** What there has to be enough of, or a run that broke no law has tried too little. */
import { ASKERS } from './chaos-names.ts';
import type { Joined } from './outcomes.ts';
import type { Requests } from './requests.ts';
import type { Schedule } from './schedule.ts';

export interface StrikeCount {
  drawn: number;
  struck: number;
}

/** Of those that were drawn; the others meet a host that is just lost, or a guest that is just off. */
const LEAST_STRUCK = 0.5;
const LEAST_JOINED = 0.5;
/** A kind that was drawn so often and never took effect is none. */
const OFTEN = 4;

export function tooFew(
  { forMs, strikes: drawn }: Schedule,
  { offsOfLiving, outcomes }: Pick<Requests, 'offsOfLiving' | 'outcomes'>,
  strikes: ReadonlyMap<string, StrikeCount>,
  { joined, answers }: Pick<Joined, 'joined' | 'answers'>,
): readonly string[] {
  const minutes = Math.floor(forMs / 60_000);
  const struck = [...strikes.values()].reduce((sum, count) => sum + count.struck, 0);
  const offs = [...offsOfLiving.values()].reduce((sum, count) => sum + count, 0);
  const of = (what: string) => outcomes.get(`${what}: exit 0`)?.count ?? 0;
  const few = (what: string, count: number, least: number) =>
    count < least ? [`${what}: ${count}, and ${least} at least are a test`] : [];
  return [
    ...few('guests that lived and were confirmed off', offs, minutes),
    ...few('answers about health', of('monitor'), minutes * ASKERS.length),
    ...few('pings', of('ping'), minutes * ASKERS.length),
    ...few('faults that took effect', struck, Math.floor(drawn.length * LEAST_STRUCK)),
    ...few('answers that the audit logs bear out', joined, Math.floor(answers * LEAST_JOINED)),
    ...[...strikes].flatMap(([kind, { drawn: often, struck: met }]) =>
      often >= OFTEN && met === 0 ? few(`effects of ${often} times "${kind}"`, met, 1) : [],
    ),
  ];
}
