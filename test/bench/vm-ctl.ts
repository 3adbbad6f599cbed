/**
 * vm-ctl beside crmsh and pcs, which do the same on the same configuration: list it, tell the state, add guests, and
 * say what the scheduler would do. On files (Pacemaker's own offline mode), so that no cluster has a part in it; on a
 * host of the laboratory, where everything is installed that they look for, the resource agent before all.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../host/ctl/config/read-settings.ts';
import { defineGuest } from '../../host/ctl/definition/guest-definition.ts';
import { guestConstraints, guestPrimitive } from '../../host/ctl/definition/guest-elements.ts';
import { crmText } from '../../host/ctl/format/crm-text.ts';
import { printXml } from '../../host/xml/print-xml.ts';
import { describeResult } from '../../shared/process/run-command.ts';
import { HOSTS_CIB, PUBLISHED_CONFIG } from '../host/ctl/published.ts';
import { type Laboratory, laboratory } from '../lab/lab.ts';
import type { Benchmark, Kind, Limit, Row } from './benchmark.ts';
import { versionsOf } from './machine.ts';
import { statsOf } from './statistics.ts';

const HOST = 'hosta';
const PATIENCE_MS = 300_000;

interface Command {
  readonly name: string;
  readonly kind: Kind;
  readonly argv: readonly string[];
  /** The configuration, for those who find it by the environment. */
  readonly cibFile?: string;
  readonly peer?: string;
  /** Made anew before each run. */
  readonly fresh?: readonly [from: string, to: string];
  /** Peers that take seconds are run less often. */
  readonly runs: number;
  /** Takes ten seconds and more with a hundred guests, and minutes with a thousand. */
  readonly isSlow?: boolean;
}

export const vmCtlBenchmark: Benchmark = {
  name: 'vm-ctl',
  about: 'vm-ctl with 10, 100 and 1,000 guests, beside crmsh and pcs doing the same on the same file',
  needs: 'hosts',
  async run({ quick, report }) {
    const lab = laboratory();
    const root = lab.rootOf(HOST) ?? '/nonexistent';
    const folder = mkdtempSync(join(root, 'var/tmp/bench-'));
    try {
      const counts = quick ? [100] : [10, 100, 1_000];
      const files = await makeFiles(lab, root, folder.slice(root.length), new Set([10, ...counts]));
      const rows: Row[] = [];
      await measure(files, commandsFor(files, 10, 1)); // until all that they load is in memory
      for (const count of counts) {
        const isLeftOut = ({ isSlow = false }: Command) => isSlow && (quick || count > 100);
        const commands = commandsFor(files, count, quick ? 2 : 8).filter((one) => !isLeftOut(one));
        rows.push(...(await measure(files, commands)));
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
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const words = (count: number) => `${count.toLocaleString('en-US')} guests`;
const listOf = (count: number) => `vm-ctl resource list, ${words(count)}`;
const showOf = (count: number) => `crm configure show, ${words(count)}`;
const addOf = (count: number) => `vm-ctl resource add of all, ${words(count)}`;
const loadOf = (count: number) => `crm configure load update of all, ${words(count)}`;

const LIMITS: readonly Limit[] = [
  { row: listOf(1_000), plus: 400 },
  { row: listOf(1_000), of: showOf(1_000), times: 1 / 5 },
  { row: addOf(100), of: loadOf(100), times: 1 / 5 },
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

async function timeOf({ lab, outside }: Files, { argv, cibFile, fresh }: Command): Promise<number> {
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
  return result.elapsedMs;
}

/** Where what is on the host: the configuration with that many guests, started and not, and the guests for crmsh. */
interface Files {
  readonly lab: Laboratory;
  /** The path outside the host. */
  readonly outside: (path: string) => string;
  readonly folder: string;
  readonly config: string;
  readonly empty: string;
  readonly running: (count: number) => string;
  readonly stopped: (count: number) => string;
  /** What adding one guest to as many changes, as a patch for cibadmin. */
  readonly patch: (count: number) => string;
  readonly listing: (count: number) => string;
  /** One guest more, as a script of pcs's commands. */
  readonly pcsScript: string;
}

async function makeFiles(
  lab: Laboratory,
  root: string,
  folder: string,
  counts: ReadonlySet<number>,
): Promise<Files> {
  const at = (name: string) => join(folder, name);
  const outside = (path: string) => join(root, path);
  const write = (path: string, text: string) => writeFileSync(outside(path), text);
  const files: Files = {
    lab,
    outside,
    folder,
    config: at('vm-ctl.conf'),
    empty: at('empty.xml'),
    running: (count) => at(`running-${count}.xml`),
    stopped: (count) => at(`stopped-${count}.xml`),
    patch: (count) => at(`one-${count}.patch`),
    listing: (count) => at(`guests-${count}.crm`),
    pcsScript: at('one.pcs'),
  };
  write(files.config, PUBLISHED_CONFIG);
  write(files.empty, HOSTS_CIB);
  for (const count of counts) {
    const xml = cibOf(count);
    write(files.stopped(count), xml);
    write(files.running(count), xml.replaceAll('value="Stopped"', 'value="Started"'));
    write(files.listing(count), crmText(guests(count)));
    write(files.patch(count), await patchOfOne(files, count));
  }
  write(files.pcsScript, await lab.output(HOST, [...addOne(files, files.empty), '--format', 'pcs']));
  return files;
}

async function patchOfOne(files: Files, count: number): Promise<string> {
  const [before, after] = [files.stopped(count), join(files.folder, `added-${count}.xml`)];
  copyFileSync(files.outside(before), files.outside(after));
  await files.lab.output(HOST, addOne(files, after));
  const line = 'crm_diff --original "$1" --new "$2" || [ $? = 1 ]'; // 1: they differ
  return files.lab.output(HOST, ['/bin/sh', '-c', line, 'sh', before, after]);
}

function commandsFor(files: Files, count: number, runs: number): Command[] {
  const [running, stopped] = [files.running(count), files.stopped(count)];
  const few = Math.max(1, Math.floor(runs / 2));
  const scratch = (name: string) => join(files.folder, `scratch-${name}.xml`);
  const more = (name: string) => ({ fresh: [stopped, scratch(name)] as const });
  const many = guests(count).map(({ domain }) => domain);
  const [show, load, simulate, pcs, patch] = [
    showOf(count),
    loadOf(count),
    `crm configure simulate, ${words(count)}`,
    `pcs, adding one to ${words(count)}`,
    `cibadmin --patch, the same to ${words(count)}`,
  ];
  return [
    { name: listOf(count), kind: 'ours', argv: ours(files, running, 'resource', 'list'), peer: show, runs },
    { name: show, kind: 'peer', argv: ['crm', 'configure', 'show'], cibFile: running, runs: few },
    {
      name: `pcs resource config, ${words(count)}`,
      kind: 'peer',
      argv: ['pcs', '-f', running, 'resource', 'config'],
      runs: few,
    },
    {
      name: `vm-ctl status, ${words(count)}`,
      kind: 'ours',
      argv: ours(files, running, 'status'),
      peer: `crm status, ${words(count)}`,
      runs,
    },
    {
      name: `crm status, ${words(count)}`,
      kind: 'peer',
      argv: ['crm', 'status'],
      cibFile: running,
      runs: few,
    },
    {
      name: addOf(count),
      kind: 'ours',
      argv: [...ours(files, scratch('add'), 'resource', 'add', ...many), '-a', 'host1'],
      fresh: [files.empty, scratch('add')],
      peer: load,
      runs: few,
    },
    {
      name: load,
      kind: 'peer',
      argv: ['crm', '--force', 'configure', 'load', 'update', files.listing(count)],
      cibFile: scratch('load'),
      fresh: [files.empty, scratch('load')],
      runs: few,
      isSlow: true,
    },
    {
      name: `vm-ctl, adding one to ${words(count)}`,
      kind: 'ours',
      argv: addOne(files, scratch('one')),
      ...more('one'),
      peer: count > 100 ? patch : pcs,
      runs: few,
    },
    {
      name: patch,
      kind: 'floor',
      argv: ['cibadmin', '--patch', '--xml-file', files.patch(count)],
      cibFile: scratch('patch'),
      ...more('patch'),
      runs: few,
    },
    {
      name: pcs,
      kind: 'peer',
      argv: ['/bin/sh', files.pcsScript, scratch('pcs')],
      ...more('pcs'),
      runs: few,
      isSlow: true,
    },
    {
      name: `vm-ctl resource start --dry-run, ${words(count)}`,
      kind: 'ours',
      argv: [...ours(files, stopped, 'resource', 'start', 'guest5'), '--dry-run'],
      peer: simulate,
      runs,
    },
    {
      name: simulate,
      kind: 'peer',
      argv: ['crm', 'configure', 'simulate', 'actions', 'nograph'],
      cibFile: stopped,
      runs: few,
    },
    {
      name: `crm_simulate -S, ${words(count)}`,
      kind: 'floor',
      argv: ['crm_simulate', '-S', '-x', stopped],
      runs,
    },
  ];
}

const addOne = (files: Files, cib: string) => [
  ...ours(files, cib, 'resource', 'add', 'guest5000'),
  '-a',
  'host1',
];
const ours = ({ config }: Files, cib: string, ...line: readonly string[]) => [
  'vm-ctl',
  ...line,
  '--cib-file',
  cib,
  '--config',
  config,
];

function guests(count: number) {
  const read = readSettings('vm-ctl.conf', PUBLISHED_CONFIG);
  if (!read.ok) throw new Error('the published configuration is not understood');
  return Array.from({ length: count }, (_, index) =>
    defineGuest({ domain: `guest${index}`, node: 'host1', isMigrationAllowed: false }, read.settings),
  );
}

function cibOf(count: number): string {
  const all = guests(count);
  return HOSTS_CIB.replace(
    '</resources>',
    () => `${all.map(guestPrimitive).map(printXml).join('')}</resources>`,
  ).replace(
    '<constraints/>',
    () => `<constraints>${all.flatMap(guestConstraints).map(printXml).join('')}</constraints>`,
  );
}
