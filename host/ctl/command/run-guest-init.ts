/**
 * `guest init`: what a cluster of guests needs to fence its members. The channel goes into the XML of each domain, a
 * token is made for each, and the configuration of the guest cluster is printed.
 *
 * Everything is looked at first: while anything is in the way, nothing is changed and no token made.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GivenOptions } from '../../../shared/command-line.ts';
import { messageOf } from '../../../shared/errors.ts';
import { paths } from '../../../shared/paths.ts';
import { listDefined } from '../../libvirt/domain-list.ts';
import { queryCib } from '../../pacemaker/cib-query.ts';
import { virtualDomainsIn } from '../../pacemaker/cib-resources.ts';
import { OPERATIONS } from '../../stonith/token/grant.ts';
import { loadKeys } from '../../stonith/token/key-file.ts';
import { makeToken } from '../../stonith/token/token-commands.ts';
import { knownDomains } from '../cluster/facts.ts';
import type { Session } from '../cluster/session.ts';
import { domainFile } from '../definition/guest-definition.ts';
import { resourceId } from '../definition/guest-ids.ts';
import { socketPath } from '../guest-init/add-channel.ts';
import { FENCING_FORMATS, type Member, tokenFileText } from '../guest-init/fencing-text.ts';
import {
  type KnownDomain,
  type PreparedDomain,
  plugIn,
  prepareDomain,
  putDomain,
} from '../guest-init/prepare-domain.ts';
import { type Message, message } from '../messages/message.ts';
import { meantNames, namesAsTheyAre, type WantedName } from '../plan/guest-names.ts';
import { EXIT, type Report } from '../report/report.ts';
import { expiryOf } from './expiry.ts';
import type { Invocation } from './invocation.ts';
import { usage } from './usage.ts';

interface Wish {
  readonly format: keyof typeof FENCING_FORMATS;
  readonly nodes: readonly string[] | undefined;
  readonly expiresMs: number | undefined;
  readonly keysPath: string;
  readonly tokenFile: string | undefined;
  readonly isLive: boolean;
}

export async function runGuestInit(session: Session, { names, options }: Invocation): Promise<Report> {
  const read = wishOf(options, session.clock.wallMs());
  const problems = [...(names.length === 0 ? [message('names-needed')] : []), ...read.problems];
  if (problems.length > 0 || read.wish === undefined) return usage(problems);
  const { wish } = read;
  const found = await guestsOf(session, names);
  if (!found.ok) return refusedReport(found.problems, EXIT.unavailable);
  const prepared = await prepareAll(session, found.guests);
  const tokens = tokensOf(found.guests, wish, session.clock.wallMs());
  const inTheWay = [...found.problems, ...prepared.problems, ...tokens.problems];
  if (inTheWay.length > 0) return refusedReport(inTheWay, EXIT.failed);

  const { members } = tokens;
  const isDryRun = options.flag('dry-run');
  const put = isDryRun
    ? { notes: prepared.domains.map(plannedNote), problems: [] }
    : await putAll(session, prepared.domains, wish.isLive);
  const isAlone = members.length < 2;
  const warnings = isAlone ? [message('guest-alone')] : [];
  if (isDryRun || isAlone || put.problems.length > 0) {
    const exitCode = put.problems.length > 0 ? EXIT.failed : EXIT.ok;
    return { exitCode, problems: put.problems, warnings, lines: put.notes, data: dataOf(found.guests) };
  }
  const written = writeTokens(wish.tokenFile, members);
  if (written.problem !== undefined) return refusedReport([written.problem], EXIT.failed);
  // Notes go to whoever looks, so that the configuration alone can be put into a file.
  for (const note of [...put.notes, ...written.notes, message('fencing-follows', { format: wish.format })]) {
    session.tell(note);
  }
  const text = FENCING_FORMATS[wish.format]({ members, isInFile: wish.tokenFile !== undefined });
  return { exitCode: EXIT.ok, text, data: { ...dataOf(found.guests), configuration: text } };
}

const refusedReport = (problems: readonly Message[], exitCode: number): Report => ({
  exitCode,
  problems: [...problems, message('nothing-changed')],
  data: { changed: false },
});

const dataOf = (guests: readonly Guest[]) => ({
  guests: guests.map(({ known, resource }) => ({ domain: known.name, resource, file: known.path })),
});

function wishOf(options: GivenOptions, wallMs: number) {
  const format = options.text('format') ?? 'crm';
  const nodes = options.text('nodes')?.split(/[\s,]+/);
  const expiresMs = expiryOf(options.text('expires'), wallMs);
  const problems: Message[] = [];
  if (format !== 'crm' && format !== 'pcs' && format !== 'xml') {
    problems.push(message('format-unknown', { format }));
    return { wish: undefined, problems };
  }
  if (expiresMs === 'unreadable') {
    problems.push(message('expires-form'));
    return { wish: undefined, problems };
  }
  const tokenFile = options.text('tokens');
  if (tokenFile !== undefined && existsSync(tokenFile)) {
    problems.push(message('token-file-exists', { path: tokenFile }));
  }
  const keysPath = options.text('keys') ?? paths.keys;
  const wish: Wish = { format, nodes, expiresMs, keysPath, tokenFile, isLive: options.flag('live') };
  return { wish, problems };
}

interface Guest {
  readonly known: KnownDomain;
  readonly resource: string;
}

type FoundGuests =
  | { readonly ok: true; readonly guests: readonly Guest[]; readonly problems: readonly Message[] }
  | { readonly ok: false; readonly problems: readonly Message[] };

/** A cluster is asked only whether a guest has another file or id there than usual; it need not run. */
async function guestsOf(session: Session, names: readonly WantedName[]): Promise<FoundGuests> {
  const { settings, virsh, isOffline } = session;
  const [domains, defined, cib] = await Promise.all([
    isOffline ? undefined : knownDomains(session),
    isOffline ? undefined : listDefined(virsh),
    queryCib(session.pacemaker),
  ]);
  const failure = [domains, defined].find((answer) => answer?.ok === false);
  if (failure?.ok === false) {
    return {
      ok: false,
      problems: [message('libvirt-unavailable', { uri: virsh.uri, fault: failure.fault })],
    };
  }
  const running = domains?.ok === true ? domains.domains : new Map<string, boolean>();
  const meant =
    domains === undefined
      ? namesAsTheyAre(names)
      : meantNames(names, new Set(running.keys()), (guest) =>
          message('domain-unknown-to-libvirt', { guest }),
        );
  const resources = cib.ok ? virtualDomainsIn(cib.cib.root) : [];
  const guests = meant.names.map((name) => {
    const usual = domainFile(name, settings);
    const own = resources.find(({ id, config }) => id === resourceId(name) || config === usual);
    const known: KnownDomain = {
      name,
      path: own?.config ?? usual,
      isRunning: running.get(name) === true,
      isDefined: defined?.ok === true && defined.names.has(name),
    };
    return { known, resource: own?.id ?? resourceId(name) };
  });
  return { ok: true, guests, problems: meant.problems };
}

async function prepareAll({ virsh, isOffline }: Session, guests: readonly Guest[]) {
  const domains: PreparedDomain[] = [];
  const problems: Message[] = [];
  for (const { known } of isOffline ? [] : guests) {
    const path = socketPath(paths.libvirtSocketDirectory, known.name);
    const prepared = await prepareDomain(virsh, known, { portName: paths.portName, path });
    if (prepared.ok) domains.push(prepared.prepared);
    else problems.push(prepared.problem);
  }
  return { domains, problems };
}

/** One token for each member, for all of them: a device that holds them all is in order on every member. */
function tokensOf(guests: readonly Guest[], wish: Wish, wallMs: number) {
  const problems: Message[] = [];
  const members: Member[] = [];
  const nodes = wish.nodes ?? guests.map(({ known }) => known.name);
  if (nodes.length !== guests.length) {
    problems.push(message('nodes-count', { nodes: nodes.length, guests: guests.length }));
  }
  for (const node of nodes) {
    if (!/^[^\s:,;"']+$/.test(node)) problems.push(message('node-name-impossible', { node }));
  }
  if (guests.length < 2) return { members, problems };
  const keys = loadKeys(wish.keysPath);
  if (keys === undefined)
    return { members, problems: [...problems, message('no-keys', { path: wish.keysPath })] };
  const users = guests.map(({ known }) => known.name);
  const expires = wish.expiresMs === undefined ? {} : { expiresMs: wish.expiresMs };
  for (const [index, { resource }] of guests.entries()) {
    const made = makeToken({ resource, operations: OPERATIONS, guests: users, ...expires }, keys, wallMs);
    if (made.ok) members.push({ node: nodes[index] ?? '', token: made.token });
    else problems.push(...made.problems.map((fault) => message('token-not-made', { fault })));
  }
  return { members, problems };
}

const plannedNote = ({ known, change }: PreparedDomain): Message =>
  change.kind === 'there'
    ? message('channel-there', { guest: known.name, path: known.path })
    : message('channel-planned', { guest: known.name, path: known.path });

async function putAll(session: Session, domains: readonly PreparedDomain[], isLive: boolean) {
  const { virsh, stateDirectory, clock } = session;
  const directory = join(stateDirectory, 'domains');
  const notes: Message[] = [];
  const problems: Message[] = [];
  for (const domain of domains) {
    const { name: guest, path, isRunning } = domain.known;
    if (domain.change.kind === 'there') {
      notes.push(message('channel-there', { guest, path }));
      continue;
    }
    const put = await putDomain(virsh, domain, {
      directory,
      portName: paths.portName,
      wallMs: clock.wallMs(),
    });
    if (!put.ok) {
      problems.push(put.problem);
      continue;
    }
    notes.push(message('channel-added', { guest, path, backup: put.backup }));
    if (!isRunning) continue;
    const fault = isLive ? await plugIn(virsh, domain, directory) : undefined;
    if (!isLive) notes.push(message('channel-at-restart', { guest }));
    else if (fault === undefined) notes.push(message('channel-plugged', { guest }));
    else problems.push(message('channel-not-plugged', { guest, fault }));
  }
  if (notes.some(({ key }) => key === 'channel-added')) notes.push(message('channel-copy'));
  return { notes, problems };
}

function writeTokens(
  path: string | undefined,
  members: readonly Member[],
): { readonly notes: readonly Message[]; readonly problem?: Message } {
  if (path === undefined) return { notes: [message('tokens-in-configuration')] };
  try {
    writeFileSync(path, tokenFileText(members), { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    return { notes: [], problem: message('token-file-unwritable', { path, fault: messageOf(thrown) }) };
  }
  return { notes: [message('token-file-written', { path, target: paths.guestTokens })] };
}
