/**
 * npm run faults [-- ROUNDS]: a fencing request for every kind of fault at every step of the job, on two real hosts. Prints
 * what was answered and what was true; the exit status is 1 when one request was confirmed while the victim lived, or
 * when something was left behind. Faults that cost a host its power are played once, whatever ROUNDS says.
 */
import { loadavg } from 'node:os';
import { FAULTS } from './fault-kinds.ts';
import { isWrong, playRound, type Round, STEPS, wordsOf } from './fault-rounds.ts';
import { buildFaultWorld, endFaultWorld, type FaultWorld } from './fault-world.ts';
import { laboratory } from './lab.ts';
import { labSpec } from './layout.ts';

const rounds = Number(process.argv[2] ?? 1);
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
  const all: Round[] = [];
  for (const fault of FAULTS) {
    for (const step of STEPS) {
      const played: Round[] = [];
      for (let round = 0; round < (fault.isSlow === true ? 1 : rounds); round++)
        played.push(await playRound(world, fault, step));
      all.push(...played);
      console.log(`${fault.name.padEnd(40)} ${step.padEnd(9)} ${tally(played)}`);
    }
  }
  const wrong = all.filter(isWrong).length;
  const load = loadavg().map((one) => one.toFixed(1));
  const met = all.filter(({ wasStruck }) => wasStruck).length;
  const wrongs = `${wrong} false confirmations, wrong ends or leftovers`;
  console.log(`\n${all.length} faults (${met} met their step), ${wrongs}; load ${load.join(' ')}`);
  return wrong === 0 ? 0 : 1;
}

function tally(played: readonly Round[]): string {
  const counts = new Map<string, number>();
  for (const words of played.map(wordsOf)) counts.set(words, (counts.get(words) ?? 0) + 1);
  return [...counts].map(([words, count]) => `${count} x ${words}`).join('; ');
}
