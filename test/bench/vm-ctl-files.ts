/**
 * What vm-ctl and its peers are measured on: configurations with that many guests, as files on a host of the laboratory,
 * and the same guests in the languages of crmsh and pcs.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../host/ctl/config/read-settings.ts';
import { defineGuest, type GuestDefinition } from '../../host/ctl/definition/guest-definition.ts';
import { guestConstraints, guestPrimitive } from '../../host/ctl/definition/guest-elements.ts';
import { crmText } from '../../host/ctl/format/crm-text.ts';
import { printXml } from '../../host/xml/print-xml.ts';
import { HOSTS_CIB, PUBLISHED_CONFIG } from '../host/ctl/published.ts';
import type { Laboratory } from '../lab/lab.ts';

export const HOST = 'hosta';

/** Not among the others, however many they are. */
const ONE_MORE = 'guest5000';

/** Where what is on the host. */
export interface Files {
  readonly lab: Laboratory;
  /** The path outside the host. */
  readonly outside: (path: string) => string;
  readonly folder: string;
  readonly config: string;
  readonly empty: string;
  /** To be started, in a cluster that has not said a word yet. */
  readonly started: (count: number) => string;
  readonly stopped: (count: number) => string;
  /** With a status: they run on host1, and stick to it. */
  readonly running: (count: number) => string;
  /** What adding one guest to as many changes, as a patch for cibadmin. */
  readonly patch: (count: number) => string;
  readonly listing: (count: number) => string;
  /** One guest more, as crmsh reads it, and as a script of pcs's commands. */
  readonly oneListing: string;
  readonly pcsScript: string;
  /** What an admin has crmsh do to learn where the first so many guests would go. */
  readonly moveScript: (moved: number) => string;
}

export async function makeFiles(
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
    started: (count) => at(`started-${count}.xml`),
    stopped: (count) => at(`stopped-${count}.xml`),
    running: (count) => at(`running-${count}.xml`),
    patch: (count) => at(`one-${count}.patch`),
    listing: (count) => at(`guests-${count}.crm`),
    oneListing: at('one.crm'),
    pcsScript: at('one.pcs'),
    moveScript: (moved) => at(`move-${moved}.crm`),
  };
  write(files.config, PUBLISHED_CONFIG);
  write(files.empty, HOSTS_CIB);
  const history = await historyOfOne(files);
  for (const count of counts) {
    const xml = cibOf(count);
    const started = xml.replaceAll('value="Stopped"', 'value="Started"');
    write(files.stopped(count), xml);
    write(files.started(count), started);
    write(files.running(count), inCluster(started, historyOfAll(history, count)));
    write(files.listing(count), crmText(guests(count)));
    write(files.patch(count), await patchOfOne(files, count));
    for (const moved of [1, tenthOf(count)]) write(files.moveScript(moved), moveText(moved));
    await checkAtRest(files, count);
  }
  write(files.oneListing, crmText([guest(ONE_MORE)]));
  write(files.pcsScript, await lab.output(HOST, [...addOne(files, files.empty), '--format', 'pcs']));
  return files;
}

export const tenthOf = (count: number) => Math.ceil(count / 10);

export const ours = ({ config }: Files, cib: string, ...line: readonly string[]) => [
  'vm-ctl',
  ...line,
  '--cib-file',
  cib,
  '--config',
  config,
];

export const addOne = (files: Files, cib: string) => [
  ...ours(files, cib, 'resource', 'add', ONE_MORE),
  '-a',
  'host1',
];

export const guests = (count: number) => Array.from({ length: count }, (_, index) => guest(`guest${index}`));

function guest(domain: string): GuestDefinition {
  const read = readSettings('vm-ctl.conf', PUBLISHED_CONFIG);
  if (!read.ok) throw new Error('the published configuration is not understood');
  return defineGuest({ domain, node: 'host1', isMigrationAllowed: false }, read.settings);
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

async function patchOfOne(files: Files, count: number): Promise<string> {
  const [before, after] = [files.stopped(count), join(files.folder, `added-${count}.xml`)];
  copyFileSync(files.outside(before), files.outside(after));
  await files.lab.output(HOST, addOne(files, after));
  const line = 'crm_diff --original "$1" --new "$2" || [ $? = 1 ]'; // 1: they differ
  return files.lab.output(HOST, ['/bin/sh', '-c', line, 'sh', before, after]);
}

/** Whoever wrote it: crmsh, pcs and Pacemaker order attributes differently. */
export const guestsIn = (cib: string): number => cib.match(/<primitive [^>]*\bid="prmVMCTL_/g)?.length ?? 0;

/** Nothing of it is committed. */
function moveText(moved: number): string {
  const bans = guests(moved).map(({ resource }) => `location ask-${resource} ${resource} -inf: host1`);
  return ['configure', ...bans, 'simulate nograph', 'refresh', ''].join('\n');
}

const STICKINESS =
  '<rsc_defaults><meta_attributes id="defaults"><nvpair id="defaults-stickiness" name="resource-stickiness" value="INFINITY"/></meta_attributes></rsc_defaults>';

const inCluster = (cib: string, status: string) =>
  cib
    .replace('<cib ', '<cib have-quorum="1" ')
    .replace('</configuration>', `${STICKINESS}</configuration>`)
    .replace('<status/>', () => status);

/** Up, and in health: what the guests' rules ask for. */
function nodeState(id: number): string {
  const values = Object.entries({ default_ping_set: '100', diskcheck_status: 'normal' }).map(
    ([name, value]) => `<nvpair id="status-${id}-${name}" name="${name}" value="${value}"/>`,
  );
  const attributes = `<instance_attributes id="status-${id}">${values.join('')}</instance_attributes>`;
  return (
    `<node_state id="${id}" uname="host${id}" in_ccm="true" crmd="online" join="member" expected="member">` +
    `<transient_attributes id="${id}">${attributes}</transient_attributes></node_state>`
  );
}

/**
 * The status of the cluster when it has started a guest, which crm_simulate plays through. With a hundred guests that
 * takes it too long: they get the history of the one.
 */
async function historyOfOne({ lab, outside, folder }: Files): Promise<string> {
  const [before, after] = [join(folder, 'one-before.xml'), join(folder, 'one-after.xml')];
  const one = cibOf(1).replaceAll('value="Stopped"', 'value="Started"');
  writeFileSync(outside(before), inCluster(one, `<status>${nodeState(1)}${nodeState(2)}</status>`));
  await lab.output(HOST, ['crm_simulate', '--simulate', '--xml-file', before, '--save-output', after]);
  const [status] = /<status>.*<\/status>/s.exec(readFileSync(outside(after), 'utf8')) ?? [];
  if (status === undefined) throw new Error('crm_simulate has left no status');
  return status;
}

function historyOfAll(status: string, count: number): string {
  const all = guests(count).map((one) => ({ ...one, digests: digestsOf(one) }));
  const [first] = all;
  return status.replace(/<lrm_resource id="prmVMCTL_.*?<\/lrm_resource>/gs, (history) =>
    all
      .map(({ resource, digests }) =>
        digests.reduce(
          (text, digest, index) => text.replaceAll(first?.digests[index] ?? '', digest),
          history.replaceAll(first?.resource ?? '', resource),
        ),
      )
      .join(''),
  );
}

/** What Pacemaker remembers parameters by: of a start, and of a monitor. A guest with others' would be restarted. */
function digestsOf({ parameters, operations }: GuestDefinition): readonly string[] {
  const words = parameters.map(({ name, value }) => `${name}="${value}"`);
  const seconds = Number.parseInt(operations.find(({ name }) => name === 'monitor')?.timeout ?? '', 10);
  return [words, [...words, `CRM_meta_timeout="${seconds * 1000}"`]].map((all) =>
    createHash('md5')
      .update(` <parameters ${all.sort().join(' ')}/>\n`)
      .digest('hex'),
  );
}

/** Else a move would be measured among the troubles of a cluster that is not what it should be. */
async function checkAtRest({ lab, running }: Files, count: number): Promise<void> {
  const said = await lab.output(HOST, ['crm_simulate', '--run', '--xml-file', running(count)]);
  const [, actions = 'no summary'] = /Transition Summary:\s*(.*)/s.exec(said) ?? [];
  if (actions !== '') throw new Error(`the guests do not run at rest: ${actions.slice(0, 500)}`);
}
