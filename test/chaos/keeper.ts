/**
 * What starts our daemons again, as an init would, and writes down how each of them has ended; and what these notes and
 * the daemons' own logs tell of ends that nobody has caused.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isProgram, type Program } from './chaos-names.ts';
import type { LedgerEntry, StrikeLedger } from './strike-ledger.ts';

/** What a daemon says is in /var/log/NAME.log, how each of its processes has ended in /var/log/NAME.ends. */
export const KEEPER = `name=$1; shift; trap 'kill $!; wait $!; exit' TERM
while :; do
  "$@" >>/var/log/$name.log 2>&1 & wait $!
  status=$?
  echo "\${EPOCHREALTIME/,/.} $status" >>/var/log/$name.ends
  sleep 0.5
done`;

/** Of one host, with what they keep. */
export const END_KEEPERS = `keepers='^/bin/bash --norc -c name='
pkill -f "$keepers"; while pgrep -f "$keepers" >/dev/null; do sleep 0.05; done`;

export interface Ended {
  readonly program: Program;
  readonly host: string;
  readonly atMs: number;
  readonly status: number;
}

export const endedIn = (text: string, program: Program, host: string): readonly Ended[] =>
  text.split('\n').flatMap((line) => {
    const [time = '', status = ''] = line.split(' ');
    return status === '' ? [] : [{ program, host, atMs: Number(time) * 1000, status: Number(status) }];
  });

/** From outside, and also of a host that is off: the folder of its logs. */
export function endsBelow(logs: string, host: string): readonly Ended[] {
  if (!existsSync(logs)) return [];
  return readdirSync(logs).flatMap((name) => {
    const program = /^(.*)\.ends$/.exec(name)?.[1] ?? '';
    return isProgram(program) ? endedIn(readFileSync(join(logs, name), 'utf8'), program, host) : [];
  });
}

/** A fault ends a daemon once: of what its successor dies it has to be another. */
export function unexplained(ends: readonly Ended[], ledger: StrikeLedger): readonly string[] {
  const spent = new Set<LedgerEntry>();
  return ends
    .filter((end) => {
      const ender = ledger.endersOf(end).find((entry) => !spent.has(entry));
      if (ender !== undefined) spent.add(ender);
      return ender === undefined;
    })
    .map(
      ({ program, host, atMs, status }) =>
        `${program} on ${host} ended at ${new Date(atMs).toISOString()} with exit status ${status}, and no fault had ended it so`,
    );
}

/** What Node says of a program that did not expect what it met, or the program itself where it caught that. */
const DEFECT =
  /^\s+at .+[:(]\d+:\d+\)?$|^(Uncaught|\w*Error: |FATAL ERROR|node:internal\/)|Unhandled|AssertionError|\b(?:Type|Range|Reference|Syntax)Error\b|MaxListenersExceeded|could not be served/;
const MOST_LINES = 5;

/** Lines that no program of ours writes on purpose. */
export function defectsIn(text: string): readonly string[] {
  return text.split('\n').filter((line) => DEFECT.test(line));
}

export function defectsBelow(logs: string, host: string): readonly string[] {
  if (!existsSync(logs)) return [];
  return readdirSync(logs).flatMap((name) => {
    const program = /^(.*)\.log$/.exec(name)?.[1] ?? '';
    if (!isProgram(program)) return [];
    const lines = defectsIn(readFileSync(join(logs, name), 'utf8'));
    if (lines.length === 0) return [];
    return [`the log of ${program} on ${host} tells of a defect: ${lines.slice(0, MOST_LINES).join(' / ')}`];
  });
}
