/**
 * What vm-ctl costs, beside what its limits are measured by: an empty Node, and crmsh on the same configuration.
 *
 * Processor time, the least of some runs: that is what a command takes on a machine that has nothing else to do. It
 * measures what `npm run build` has made, and needs no cluster.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../host/ctl/config/read-settings.ts';
import { defineGuest } from '../../host/ctl/definition/guest-definition.ts';
import { guestConstraints, guestPrimitive } from '../../host/ctl/definition/guest-elements.ts';
import { crmText } from '../../host/ctl/format/crm-text.ts';
import { printXml } from '../../host/xml/print-xml.ts';
import { runCommand } from '../../shared/process/run-command.ts';
import { HOSTS_CIB, PUBLISHED_CONFIG } from '../host/ctl/published.ts';
import type { Benchmark } from './benchmark.ts';

const PROGRAM = 'dist/sbin/vm-ctl';
const TIME = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&3';

interface Cost {
  readonly wallMs: number;
  readonly processorMs: number;
}

async function costOf(argv: readonly string[], runs: number, cibFile?: string): Promise<Cost> {
  const costs: Cost[] = [];
  for (let run = 0; run < runs; run++) {
    const result = await runCommand(['bash', '-c', `exec 3>/dev/null; ${TIME}`, 'bash', ...argv], {
      deadlineMs: 300_000,
      ...(cibFile === undefined ? {} : { env: { CIB_file: cibFile } }),
    });
    if (result.kind !== 'exited' || result.exitCode !== 0) {
      throw new Error(`${argv.join(' ').slice(0, 200)}: ${JSON.stringify(result)}`);
    }
    const [real = Number.NaN, user = Number.NaN, system = Number.NaN] = result.stderr
      .trim()
      .split(' ')
      .map(Number);
    costs.push({ wallMs: real * 1000, processorMs: (user + system) * 1000 });
  }
  return {
    wallMs: Math.min(...costs.map(({ wallMs }) => wallMs)),
    processorMs: Math.min(...costs.map(({ processorMs }) => processorMs)),
  };
}

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

async function measure(folder: string, runs: number) {
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const config = file('vm-ctl.conf', PUBLISHED_CONFIG);
  const vmCtl = (...words: string[]) => [process.execPath, PROGRAM, ...words];
  const onFile = (cib: string, ...words: string[]) => vmCtl(...words, '--cib-file', cib, '--config', config);
  const many = file('1000.xml', cibOf(1000));
  const hundred = guests(100);
  const listing = file('guests.crm', crmText(hundred));
  const crm = ['crm', '--force', 'configure', 'load', 'update', listing];
  return {
    nothing: await costOf([process.execPath, '-e', '0'], runs * 3),
    version: await costOf(vmCtl('--version'), runs * 3),
    help: await costOf(vmCtl('--help'), runs),
    list: await costOf(onFile(many, 'resource', 'list'), runs),
    status: await costOf(onFile(many, 'status'), runs),
    add: await costOf(
      onFile(
        file('ours.xml', HOSTS_CIB),
        'resource',
        'add',
        ...hundred.map(({ domain }) => domain),
        '-a',
        'host1',
      ),
      1,
    ),
    crm: await costOf(crm, 1, file('theirs.xml', HOSTS_CIB)),
  };
}

export const vmCtlBenchmark: Benchmark = {
  name: 'vm-ctl',
  about: 'what vm-ctl costs beside an empty Node, and beside crmsh',
  async run({ quick }) {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there; build it first: npm run build`);
    const folder = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-bench-'));
    try {
      const costs = await measure(folder, quick ? 3 : 8);
      const { nothing, version, list, add, crm } = costs;
      const times = (one: Cost, other: Cost) => (one.processorMs / other.processorMs).toFixed(2);
      const verdict = (isMet: boolean, words: string) => `${words}: ${isMet ? 'met' : 'NOT MET'}`;
      const limits: Readonly<Record<string, string>> = {
        version: verdict(
          version.processorMs <= nothing.processorMs * 1.4,
          `${times(version, nothing)} of an empty Node, at most 1.4`,
        ),
        list: verdict(list.processorMs < 500, 'under 500 ms'),
        add: verdict(
          crm.processorMs >= add.processorMs * 3,
          `crmsh takes ${times(crm, add)} of it, at least 3`,
        ),
      };
      const names: Readonly<Record<keyof typeof costs, string>> = {
        nothing: 'node -e 0',
        version: 'vm-ctl --version',
        help: 'vm-ctl --help',
        list: 'vm-ctl resource list, 1,000 guests',
        status: 'vm-ctl status, 1,000 guests',
        add: 'vm-ctl resource add, 100 guests',
        crm: 'crm configure load update, the same',
      };
      const rows = Object.entries(costs).map(([key, { wallMs, processorMs }]) => [
        new Map(Object.entries(names)).get(key) ?? key,
        String(Math.round(processorMs)),
        String(Math.round(wallMs)),
        limits[key] ?? '',
      ]);
      return {
        columns: ['command', 'processor ms', 'wall ms', 'limit'],
        rows,
        json: Object.fromEntries(Object.entries(costs).map(([key, cost]) => [key, { ...cost }])),
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
