/**
 * vm-ctl beside crmsh and pcs, which do the same on the same configuration: list it, tell the state, add guests and
 * delete them, and say what the scheduler would do were one started, or some of them moved. On files (Pacemaker's own
 * offline mode), so that no cluster has a part in it; on a host of the laboratory, where everything is installed that
 * they look for, the resource agent before all.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeResult } from '../../shared/process/run-command.ts';
import { laboratory } from '../lab/lab.ts';
import { makeFolder, removeFolder } from '../support/leaves-nothing.ts';
import type { Benchmark, Limit, Row } from './benchmark.ts';
import { versionsOf } from './machine.ts';
import { statsOf } from './statistics.ts';
import {
  addOf,
  addOneOf,
  type Command,
  commandsFor,
  crmDeleteOf,
  deleteOf,
  listOf,
  loadOf,
  moveOneOf,
  moveTenthOf,
  showOf,
  unstarted,
  words,
} from './vm-ctl-commands.ts';
import { type Files, guestsIn, HOST, makeFiles } from './vm-ctl-files.ts';

const PATIENCE_MS = 300_000;

export const vmCtlBenchmark: Benchmark = {
  name: 'vm-ctl',
  about: 'vm-ctl with 10, 100 and 1,000 guests, beside crmsh and pcs doing the same on the same file',
  needs: 'hosts',
  programs: [
    { program: 'crm', debianPackage: 'crmsh' },
    { program: 'pcs', debianPackage: 'pcs' },
  ],
  async run({ quick, report }) {
    const lab = laboratory();
    const root = lab.rootOf(HOST) ?? '/nonexistent';
    const folder = makeFolder(join(root, 'var/tmp'));
    try {
      const counts = quick ? [100] : [10, 100, 1_000];
      const files = await makeFiles(lab, root, folder.slice(root.length), new Set([10, ...counts]));
      const rows: Row[] = [];
      const commands = (count: number, runs: number) =>
        commandsFor(files, count, runs).filter(
          ({ isSlow = false, upTo = count }) => !(isSlow && quick) && count <= upTo,
        );
      await measure(files, commands(10, 1)); // until all that they load is in memory
      for (const count of counts) {
        rows.push(...(await measure(files, commands(count, quick ? 2 : 8))));
        report(words(count));
      }
      const versions = await versionsOf(['crmsh', 'pcs', 'Pacemaker']);
      return {
        rows,
        limits: LIMITS,
        plot: { unit: 'ms', scale: 'logarithmic' },
        versions,
      };
    } finally {
      removeFolder(folder);
    }
  },
};

const LIMITS: readonly Limit[] = [
  { row: listOf(1_000), plus: 400 },
  { row: listOf(1_000), of: showOf(1_000), times: 1 / 5 },
  { row: unstarted(listOf(1_000)), plus: 400 },
  { row: unstarted(listOf(1_000)), of: unstarted(showOf(1_000)), times: 1 / 5 },
  { row: addOf(100), of: loadOf(100), times: 1 / 5 },
  { row: addOneOf(1_000), of: addOneOf(100), times: 10 },
  { row: deleteOf(100), of: crmDeleteOf(100), times: 1 / 2 },
  { row: deleteOf(1_000), of: deleteOf(100), times: 10 },
  { row: moveOneOf(1_000), of: moveOneOf(100), times: 10 },
  { row: moveTenthOf(1_000), of: moveOneOf(1_000), times: 1.5 },
];

/** Each in turn, so that all of them have the same luck with the machine. */
async function measure(files: Files, commands: readonly Command[]): Promise<Row[]> {
  const taken = new Map<string, number[]>(commands.map(({ name }) => [name, []]));
  for (let run = 0; run < Math.max(...commands.map(({ runs }) => runs)); run++) {
    for (const command of commands.filter(({ runs }) => run < runs)) {
      taken.get(command.name)?.push(await timeOf(files, command));
    }
  }
  return commands.map(({ name, kind, peer }) => ({
    name,
    kind,
    unit: 'ms',
    stats: statsOf(taken.get(name) ?? []),
    ...(peer !== undefined && taken.has(peer) ? { peer } : {}),
  }));
}

async function timeOf({ lab, outside }: Files, command: Command): Promise<number> {
  const { argv, cibFile, fresh, leaves } = command;
  if (fresh !== undefined) copyFileSync(outside(fresh[0]), outside(fresh[1]));
  const script = [
    `exec "$@" >/dev/null`,
    'sh',
    ...(cibFile === undefined ? [] : ['env', `CIB_file=${cibFile}`]),
  ];
  const result = await lab.on(HOST, ['/bin/sh', '-c', ...script, ...argv], { deadlineMs: PATIENCE_MS });
  if (result.kind !== 'exited' || result.exitCode !== 0) {
    throw new Error(`${describeResult(argv.slice(0, 5), result)}: ${result.stderr.slice(0, 1_000)}`);
  }
  const left = fresh === undefined ? undefined : guestsIn(readFileSync(outside(fresh[1]), 'utf8'));
  if (left !== leaves) throw new Error(`${command.name}: it leaves ${left} guests and not ${leaves}`);
  return result.elapsedMs;
}
