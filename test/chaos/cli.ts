/**
 * npm run chaos [-- --minutes N] [--seed S] [--replay FILE] [--calm] [--no-shrink]: the laboratory under load while faults drawn
 * from a seed strike it, watched by an observer that asks no daemon of ours. Prints what happened as a table; the exit
 * status is 1 when a law was broken. A schedule that broke one is made as small as it can be, and kept as a file.
 * --calm strikes nothing: a long run under load alone, in which memory has to stay what it was.
 */
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOSTS } from '../lab/fencing-world.ts';
import { laboratory } from '../lab/lab.ts';
import { labSpec } from '../lab/layout.ts';
import { countIn, scriptWords } from '../support/script-words.ts';
import { CATALOGUE } from './catalogue.ts';
import { ChaosWorld } from './chaos-world.ts';
import { type Played, play } from './play.ts';
import { drawSchedule, loadSchedule, only, type Schedule, saveSchedule, shrink } from './schedule.ts';

const USAGE = `usage: npm run chaos [-- OPTIONS]

  --minutes N      for that long (5)
  --seed S         what strikes when is drawn from it (1)
  --replay FILE    a schedule that was kept
  --calm           nothing strikes: load alone
  --no-shrink      a schedule that broke a law is kept as it is`;

const { values } = scriptWords(USAGE, {
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'string' },
    calm: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
  },
});
const minutes = countIn(USAGE, '--minutes', values.minutes);
const seed = countIn(USAGE, '--seed', values.seed);
const drawn =
  values.replay === undefined ? drawSchedule(seed, minutes * 60_000, HOSTS) : loadSchedule(values.replay);
const schedule = values.calm ? only(drawn, []) : drawn;
const lab = laboratory();
if (lab.isUp()) {
  console.error(`chaos: the laboratory ${lab.name} stands; chaos needs one of its own (LAB_NAME=…)`);
  process.exit(1);
}
const played = await playInNewLab(schedule);
console.log(reportOf(schedule, played));
if (played.violations.length > 0) {
  process.exitCode = 1;
  await keepSmallest();
}

async function playInNewLab(some: Schedule): Promise<Played> {
  await lab.up(labSpec(2, 0));
  try {
    const world = await ChaosWorld.build(lab);
    try {
      const played = await play(world, some, (words) => console.log(words));
      if (played.violations.length > 0) await keepLogs();
      return played;
    } finally {
      await world.end();
    }
  } finally {
    await lab.down();
  }
}

async function keepLogs(): Promise<void> {
  const folder = join(tmpdir(), `pm-kvm-tools-chaos-${process.pid}`);
  await lab.copyLogs(folder);
  console.log(`the logs are in ${folder}`);
}

async function keepSmallest(): Promise<void> {
  const file = `chaos-seed-${schedule.seed}.json`;
  saveSchedule(file, schedule);
  console.log(`the schedule is in ${file}`);
  if (values['no-shrink'] || schedule.strikes.length === 0) return;
  const strikes = await shrink(schedule.strikes, async (some) => {
    const tried = await playInNewLab(only(schedule, some));
    console.log(`${some.length} strikes: ${tried.violations.length} violations`);
    if (tried.violations.length > 0) saveSchedule(file, only(schedule, some));
    return tried.violations.length > 0;
  });
  console.log(`${strikes.length} strikes are enough, see ${file}; npm run chaos -- --replay ${file}`);
}

function reportOf(some: Schedule, { struck, outcomes, violations, trend, convergedMs }: Played): string {
  const kinds = Object.keys(CATALOGUE).map((kind) => [
    kind,
    String(new Map<string, number>(struck).get(kind) ?? 0),
  ]);
  const total = [...struck.values()].reduce((sum, count) => sum + count, 0);
  const requests = [...outcomes]
    .sort()
    .map(([what, { count, words }]) => [what, `${count}  ${words}`.slice(0, 400)]);
  const rows = (all: readonly (readonly string[])[]) =>
    all.map(([what = '', count = '']) => `  ${what.padEnd(50)} ${count.padStart(5)}`).join('\n');
  const load = loadavg().map((one) => one.toFixed(1));
  return [
    `\nfaults\n${rows(kinds)}`,
    `requests\n${rows(requests)}`,
    `median of the first third, and of the last\n${rows(trend.map(([name, ...figures]) => [name, figures.map((one) => one.toFixed(0)).join('  ')]))}`,
    ...violations.map((words) => `VIOLATION ${words}`),
    `seed ${some.seed}, ${(some.forMs / 60_000).toFixed(1)} minutes: ${total} faults, ${violations.length} violations; ` +
      `all was as before ${(convergedMs / 1000).toFixed(1)} s after the last; load ${load.join(' ')}`,
  ].join('\n');
}
