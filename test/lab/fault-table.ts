/**
 * npm run faults [-- ROUNDS] [--quick | --slow]: fencing requests with every kind of fault at every step of their jobs, on two real hosts.
 * Prints what was answered and what was true; the exit status is 1 when one request was confirmed while the victim lived,
 * or when something was left behind. Faults that cost a host its power (--slow: only these, --quick: no such) are played once, whatever ROUNDS says.
 */
import { loadavg } from 'node:os';
import { countIn, scriptWords } from '../support/script-words.ts';
import { FAULTS, type Fault } from './fault-kinds.ts';
import { MOMENTS, type Moment, nameOf } from './fault-moments.ts';
import { playRound, type Round, wordsOf } from './fault-rounds.ts';
import { buildFaultWorld, endFaultWorld, type FaultWorld } from './fault-world.ts';
import { laboratory } from './lab.ts';
import { labSpec } from './layout.ts';

interface Cell {
  readonly fault: Fault;
  readonly moment: Moment;
  readonly played: readonly Round[];
}

const USAGE = `usage: npm run faults [-- [ROUNDS] OPTIONS]

  ROUNDS     of every fault that costs no host its power (1)
  --quick    only these
  --slow     only those that do`;

const { positionals, values } = scriptWords(USAGE, {
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, slow: { type: 'boolean', default: false } },
});
const rounds = countIn(USAGE, 'ROUNDS', positionals[0] ?? '1');
const faults = FAULTS.filter(({ isSlow = false }) => !(isSlow ? values.quick : values.slow));
const lab = laboratory();
const wasUp = lab.isUp();
await (wasUp ? lab.up() : lab.up(labSpec(2, 0)));
process.exitCode = 1;
try {
  const world = await buildFaultWorld(lab);
  try {
    process.exitCode = await main(world);
  } finally {
    await endFaultWorld(world);
  }
} finally {
  if (wasUp) await lab.reset();
  else await lab.down();
}

async function main(world: FaultWorld): Promise<number> {
  const cells: Cell[] = [];
  for (const fault of faults) {
    const isSlow = fault.isSlow === true;
    for (const moment of MOMENTS.filter(({ isForAll }) => isForAll || !isSlow)) {
      const played: Round[] = [];
      for (let round = 0; round < (isSlow ? 1 : rounds); round++)
        played.push(await playRound(world, fault, moment));
      cells.push({ fault, moment, played });
      console.log(`${fault.name.padEnd(41)} ${nameOf(moment).padEnd(18)} ${tally(played)}`);
    }
  }
  console.log(`\n${tableOf(cells)}\n`);
  const all = cells.flatMap(({ played }) => played);
  const wrong = all.filter((round) => round.wrong !== undefined).length;
  const load = loadavg().map((one) => one.toFixed(1));
  const met = all.filter(({ wasStruck }) => wasStruck).length;
  const wrongs = `${wrong} false confirmations, wrong ends or leftovers`;
  console.log(`${all.length} faults (${met} met their step), ${wrongs}; load ${load.join(' ')}`);
  return wrong === 0 ? 0 : 1;
}

function tally(played: readonly Round[]): string {
  const counts = new Map<string, number>();
  for (const words of played.map(wordsOf)) counts.set(words, (counts.get(words) ?? 0) + 1);
  return [...counts].map(([words, count]) => `${count} x ${words}`).join('; ');
}

/** In Markdown, of the last round of each. */
function tableOf(cells: readonly Cell[]): string {
  const line = (words: readonly string[]) => `| ${words.join(' | ')} |`;
  const cellOf = (fault: Fault, moment: Moment) => {
    const round = cells.find((cell) => cell.fault === fault && cell.moment === moment)?.played.at(-1);
    if (round === undefined) return '';
    if (round.wrong !== undefined) return `**${wordsOf(round)}**`;
    const isDead = round.result !== 'confirmed' && !round.wasAlive && moment.operation !== 'on';
    return `${round.result}${isDead ? ' †' : ''}`;
  };
  return [
    line(['fault', ...MOMENTS.map(nameOf)]),
    line(['-----', ...MOMENTS.map(() => '---')]),
    ...faults.map((fault) => line([fault.name, ...MOMENTS.map((moment) => cellOf(fault, moment))])),
  ].join('\n');
}
