/**
 * npm run chaos [-- --minutes N] [--seed S] [--replay FILE] [--calm] [--no-shrink]: the laboratory under load while faults
 * drawn from a seed strike it, watched from outside. Prints what happened; the exit status is 1 when a law was broken, or
 * when too little happened for a test. A schedule that broke one is made as small as it can be, and kept as a file.
 * --calm strikes nothing: a long run under load alone, in which memory has to stay what it was.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import { laboratory } from '../lab/lab.ts';
import { countIn, refuse, scriptWords } from '../support/script-words.ts';
import { playInNewLab } from './new-lab.ts';
import type { Played } from './play.ts';
import { reportOf } from './report.ts';
import {
  drawSchedule,
  endedAt,
  loadSchedule,
  type Schedule,
  type Strike,
  saveSchedule,
  withOnly,
} from './schedule.ts';
import { shrink } from './shrink.ts';
import type { Violation } from './violations.ts';

const USAGE = `usage: npm run chaos [-- OPTIONS]

  --minutes N      for that long (5)
  --seed S         what strikes when is drawn from it (1)
  --replay FILE    a schedule that was kept
  --calm           nothing strikes: load alone
  --no-shrink      a schedule that broke a law is kept as it is`;

const MOST_MINUTES = 20_160;

const { values } = scriptWords(USAGE, {
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    replay: { type: 'string' },
    calm: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
  },
});
const isReplay = values.replay !== undefined;
if (isReplay && (values.minutes ?? values.seed) !== undefined)
  refuse(USAGE, '--replay has its own time and seed');
if (isReplay && values.calm) refuse(USAGE, '--replay plays what strikes, and --calm nothing');
const minutes = countIn(USAGE, '--minutes', values.minutes ?? '5');
if (minutes > MOST_MINUTES) refuse(USAGE, `--minutes: ${MOST_MINUTES} at most, which are two weeks`);
const seed = countIn(USAGE, '--seed', values.seed ?? '1');
const drawn =
  values.replay === undefined ? drawSchedule(seed, minutes * 60_000, HOSTS) : scheduleOf(values.replay);
const schedule = values.calm ? withOnly(drawn, []) : drawn;
const lab = laboratory();
if (lab.isUp()) {
  console.error(`chaos: the laboratory ${lab.name} stands; chaos needs one of its own (LAB_NAME=…)`);
  process.exit(1);
}
const say = (words: string) => console.log(words);
const played = await playInNewLab(lab, schedule, { say, onViolations: keepEvidence });
console.log(reportOf(schedule, played));
if (played.violations.length > 0 || (!isReplay && played.untested.length > 0)) process.exitCode = 1;
const [first] = played.violations;
if (first !== undefined) await findSmallest(first);

function scheduleOf(file: string): Schedule {
  try {
    return loadSchedule(file, HOSTS);
  } catch (thrown) {
    return refuse(USAGE, messageOf(thrown));
  }
}

/** The audit logs are in no folder that could be copied: hosts that were lost have taken theirs along. */
async function keepEvidence({ audited }: Played): Promise<void> {
  const folder = join(tmpdir(), `pm-kvm-tools-chaos-${process.pid}`);
  await lab.copyLogs(folder);
  const lines = audited.lines.map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(join(folder, 'audit.log'), lines.join(''));
  console.log(`the logs are in ${folder}`);
}

/** A replay breaks it again when it breaks the same law, whatever else; it ends in that moment. */
async function findSmallest({ law, atMs }: Violation): Promise<void> {
  const file = `chaos-seed-${schedule.seed}.json`;
  let smallest: Schedule = endedAt(schedule, atMs);
  saveSchedule(file, smallest);
  console.log(`the schedule is in ${file}`);
  if (values['no-shrink'] || schedule.strikes.length === 0) return;
  const breaksIt = async (some: readonly Strike[]): Promise<boolean> => {
    const tried = await playInNewLab(lab, withOnly(smallest, some), { say, endsWith: law });
    const again = tried.violations.find((one) => one.law === law);
    console.log(`${some.length} strikes: ${again?.words ?? 'that law was kept'}`);
    if (again === undefined) return false;
    smallest = endedAt(withOnly(smallest, some), again.atMs);
    saveSchedule(file, smallest);
    return true;
  };
  if (!(await breaksIt(smallest.strikes)))
    return console.log(`it was not broken again: the schedule is kept whole in ${file}`);
  const strikes = (await breaksIt([])) ? [] : await shrink(smallest.strikes, breaksIt);
  console.log(`${strikes.length} strikes are enough, see ${file}; npm run chaos -- --replay ${file}`);
}
