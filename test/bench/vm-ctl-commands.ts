/** What is run with that many guests: ours, and what crmsh, pcs and Pacemaker's own tools take for the same. */
import { join } from 'node:path';
import type { Kind } from './benchmark.ts';
import { addOne, type Files, guests, ours, tenthOf } from './vm-ctl-files.ts';

export interface Command {
  readonly name: string;
  readonly kind: Kind;
  readonly argv: readonly string[];
  /** The configuration, for those who find it by the environment. */
  readonly cibFile?: string;
  readonly peer?: string;
  /** Made anew before each run. */
  readonly fresh?: readonly [from: string, to: string];
  /** That many guests are in it after each run. */
  readonly leaves?: number;
  /** Peers that take seconds are run less often. */
  readonly runs: number;
  /** Seconds even with a hundred guests: too long for a quick run. */
  readonly isSlow?: boolean;
  /** With more guests it takes minutes. */
  readonly upTo?: number;
}

export const words = (count: number) => `${count.toLocaleString('en-US')} guests`;
export const listOf = (count: number) => `vm-ctl resource list, ${words(count)}`;
export const showOf = (count: number) => `crm configure show, ${words(count)}`;
export const unstarted = (name: string) => `${name} that never ran`;
export const addOf = (count: number) => `vm-ctl resource add of all, ${words(count)}`;
export const loadOf = (count: number) => `crm configure load update of all, ${words(count)}`;
export const addOneOf = (count: number) => `vm-ctl, adding one to ${words(count)}`;
export const deleteOf = (count: number) => `vm-ctl resource delete of all, ${words(count)}`;
export const crmDeleteOf = (count: number) => `crm configure delete of all, ${words(count)}`;
export const moveOneOf = (count: number) => `vm-ctl resource move --dry-run of one, ${words(count)}`;
export const moveTenthOf = (count: number) => `vm-ctl resource move --dry-run of a tenth, ${words(count)}`;

export function commandsFor(files: Files, count: number, runs: number): Command[] {
  const all: Occasion = { files, count, runs, few: Math.max(1, Math.floor(runs / 2)) };
  return [looking, addingAll, addingOne, deleting, starting, moving].flatMap((commands) => commands(all));
}

interface Occasion {
  readonly files: Files;
  readonly count: number;
  readonly runs: number;
  readonly few: number;
}

const scratch = ({ folder }: Files, name: string) => join(folder, `scratch-${name}.xml`);

const domains = (count: number) => guests(count).map(({ domain }) => domain);

function looking({ files, count, runs, few }: Occasion): Command[] {
  const running = files.running(count);
  const [show, status] = [showOf(count), `crm status, ${words(count)}`];
  return [
    { name: listOf(count), kind: 'ours', argv: ours(files, running, 'resource', 'list'), peer: show, runs },
    { name: show, kind: 'peer', argv: ['crm', 'configure', 'show'], cibFile: running, runs: few },
    {
      name: unstarted(listOf(count)),
      kind: 'ours',
      argv: ours(files, files.started(count), 'resource', 'list'),
      peer: unstarted(show),
      runs,
    },
    {
      name: unstarted(show),
      kind: 'peer',
      argv: ['crm', 'configure', 'show'],
      cibFile: files.started(count),
      runs: few,
    },
    {
      name: `crm_mon, ${words(count)}`,
      kind: 'floor',
      argv: ['crm_mon', '--one-shot', '--output-as=xml'],
      cibFile: running,
      runs,
    },
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
      peer: status,
      runs,
    },
    { name: status, kind: 'peer', argv: ['crm', 'status'], cibFile: running, runs: few },
    {
      name: `pcs resource status, ${words(count)}`,
      kind: 'peer',
      argv: ['pcs', '-f', running, 'resource', 'status'],
      runs: few,
    },
  ];
}

function addingAll({ files, count, few }: Occasion): Command[] {
  const [own, crm] = [scratch(files, 'add'), scratch(files, 'load')];
  return [
    {
      name: addOf(count),
      kind: 'ours',
      argv: [...ours(files, own, 'resource', 'add', ...domains(count)), '-a', 'host1'],
      fresh: [files.empty, own],
      leaves: count,
      peer: loadOf(count),
      runs: few,
    },
    {
      name: loadOf(count),
      kind: 'peer',
      argv: ['crm', '--force', 'configure', 'load', 'update', files.listing(count)],
      cibFile: crm,
      fresh: [files.empty, crm],
      leaves: count,
      runs: few,
      isSlow: true,
      upTo: 100,
    },
  ];
}

function addingOne({ files, count, few }: Occasion): Command[] {
  const load = `crm configure load update, adding one to ${words(count)}`;
  const more = (name: string) => ({
    fresh: [files.stopped(count), scratch(files, name)] as const,
    leaves: count + 1,
  });
  return [
    {
      name: addOneOf(count),
      kind: 'ours',
      argv: addOne(files, scratch(files, 'one')),
      ...more('one'),
      peer: load,
      runs: few,
    },
    {
      name: `cibadmin --patch, the same to ${words(count)}`,
      kind: 'floor',
      argv: ['cibadmin', '--patch', '--xml-file', files.patch(count)],
      cibFile: scratch(files, 'patch'),
      ...more('patch'),
      runs: few,
    },
    {
      name: load,
      kind: 'peer',
      argv: ['crm', '--force', 'configure', 'load', 'update', files.oneListing],
      cibFile: scratch(files, 'crm'),
      ...more('crm'),
      runs: count > 100 ? 1 : few,
    },
    {
      name: `pcs, adding one to ${words(count)}`,
      kind: 'peer',
      argv: ['/bin/sh', files.pcsScript, scratch(files, 'pcs')],
      ...more('pcs'),
      runs: few,
      isSlow: true,
      upTo: 100,
    },
  ];
}

function deleting({ files, count, few }: Occasion): Command[] {
  const [own, crm] = [scratch(files, 'delete'), scratch(files, 'crm-delete')];
  return [
    {
      name: deleteOf(count),
      kind: 'ours',
      argv: [...ours(files, own, 'resource', 'delete', ...domains(count)), '--yes'],
      fresh: [files.stopped(count), own],
      leaves: 0,
      peer: crmDeleteOf(count),
      runs: few,
    },
    {
      name: crmDeleteOf(count),
      kind: 'peer',
      argv: ['crm', '--force', 'configure', 'delete', ...guests(count).map(({ resource }) => resource)],
      cibFile: crm,
      fresh: [files.stopped(count), crm],
      leaves: 0,
      runs: few,
      upTo: 100,
    },
  ];
}

function starting({ files, count, runs, few }: Occasion): Command[] {
  const stopped = files.stopped(count);
  const simulate = `crm configure simulate, ${words(count)}`;
  return [
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

function moving({ files, count, runs, few }: Occasion): Command[] {
  const running = files.running(count);
  const pair = (own: string, crm: string, moved: number): Command[] => [
    {
      name: own,
      kind: 'ours',
      argv: [...ours(files, running, 'resource', 'move', ...domains(moved)), '--dry-run'],
      peer: crm,
      runs,
    },
    {
      name: crm,
      kind: 'peer',
      argv: ['crm', '--file', files.moveScript(moved)],
      cibFile: running,
      runs: few,
      ...(moved === 1 ? {} : { upTo: 100 }),
    },
  ];
  const crmOf = (moved: string) => `crm configure simulate of ${moved} banned, ${words(count)}`;
  const tenth = tenthOf(count);
  return [
    ...pair(moveOneOf(count), crmOf('one'), 1),
    ...(tenth === 1 ? [] : pair(moveTenthOf(count), crmOf('a tenth'), tenth)),
    {
      name: `crm_simulate -S, ${words(count)} that run`,
      kind: 'floor',
      argv: ['crm_simulate', '-S', '-x', running],
      runs,
    },
  ];
}
