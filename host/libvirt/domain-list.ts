/**
 * The domains that libvirt knows, with their states, by one virsh process (30 ms).
 *
 * `virsh list` prints states in words for people only; `domstats --raw` prints libvirt's own numbers. libvirt
 * allows no line break in a name, so lines are safe to part by.
 */
import { quoted } from '../../shared/visible.ts';
import { callVirsh, callVirshBatch, errorsIn, type Virsh, type VirshFailure, virshFailure } from './virsh.ts';

export type DomainStateName =
  | 'no-state'
  | 'running'
  | 'blocked'
  | 'paused'
  | 'in-shutdown'
  | 'shut-off'
  | 'crashed'
  | 'pm-suspended';

export interface DomainState {
  /** `no-state` also where libvirt had none to tell. */
  readonly name: DomainStateName;
  /** In libvirt's words: `booted`, `migrated`, `I/O error`, …; `unknown` where it does not say. */
  readonly reason: string;
}

export interface DomainSummary {
  readonly name: string;
  readonly uuid: string;
  /** Undefined while it does not run. */
  readonly id: number | undefined;
  readonly state: DomainState;
}

export type DomainListResult =
  | { readonly ok: true; readonly domains: readonly DomainSummary[] }
  | VirshFailure;

/** virDomainState, and the reasons of each, as libvirt's ABI numbers them. */
const STATES: readonly (readonly [DomainStateName, readonly string[]])[] = [
  ['no-state', []],
  [
    'running',
    'unknown,booted,migrated,restored,from snapshot,unpaused,migration canceled,save canceled,event wakeup,crashed,post-copy,post-copy failed'.split(
      ',',
    ),
  ],
  ['blocked', []],
  [
    'paused',
    'unknown,user,migrating,saving,dumping,I/O error,watchdog,from snapshot,shutting down,creating snapshot,crashed,starting up,post-copy,post-copy failed,api error'.split(
      ',',
    ),
  ],
  ['in-shutdown', ['unknown', 'user']],
  ['shut-off', 'unknown,shutdown,destroyed,crashed,migrated,saved,failed,from snapshot,daemon'.split(',')],
  ['crashed', ['unknown', 'panicked']],
  ['pm-suspended', []],
];

const LIST = 'list --all --uuid --name --id';
const STATS = 'domstats --state --raw';

export async function listDomains(virsh: Virsh): Promise<DomainListResult> {
  const result = await callVirshBatch(virsh, [LIST, STATS]);
  if (result.kind !== 'exited' || result.exitCode !== 0 || errorsIn(result.stderr) !== '') {
    return virshFailure(['virsh', 'list'], result);
  }
  return parseDomainList(result.stdout);
}

export type NamesResult = { readonly ok: true; readonly names: ReadonlySet<string> } | VirshFailure;

/** The names of those that libvirt keeps a definition of, running or not. */
export const listDefined = (virsh: Virsh): Promise<NamesResult> => listNames(virsh, '--persistent');

/** The names of those that libvirt starts by itself when it begins. */
export const listAutostarted = (virsh: Virsh): Promise<NamesResult> => listNames(virsh, '--autostart');

/** The names of those that would go on from their saved memory at their next start. */
export const listSaved = (virsh: Virsh): Promise<NamesResult> => listNames(virsh, '--with-managed-save');

async function listNames(virsh: Virsh, filter: string): Promise<NamesResult> {
  const answer = await callVirsh(virsh, ['list', '--all', filter, '--name']);
  return answer.ok
    ? { ok: true, names: new Set(answer.stdout.split('\n').filter((name) => name !== '')) }
    : answer;
}

/** The domain of exactly this name; a name that looks like an id or a UUID is still a name. */
export async function findDomain(
  virsh: Virsh,
  name: string,
): Promise<{ readonly ok: true; readonly domain: DomainSummary } | VirshFailure> {
  const list = await listDomains(virsh);
  if (!list.ok) return list;
  const domain = list.domains.find((candidate) => candidate.name === name);
  return domain === undefined
    ? { ok: false, kind: 'no-such-domain', fault: `libvirt knows no domain named ${quoted(name)}` }
    : { ok: true, domain };
}

const LISTED = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (0|[1-9]\d{0,9}|-) (.+)$/s;
const NO_STATE: DomainState = { name: 'no-state', reason: 'unknown' };

export function parseDomainList(text: string): DomainListResult {
  const listed: { name: string; uuid: string; id: number | undefined }[] = [];
  const numbers = new Map<string, { state: number; reason: number }>();
  let current: { state: number; reason: number } | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, uuid, id, name] = LISTED.exec(line) ?? [];
    const statsOf = /^Domain: '(.*)'$/s.exec(line)?.[1];
    const [, key, value] = /^ {2}state\.(state|reason)=(-?\d+)$/.exec(line) ?? [];
    if (current === undefined && uuid !== undefined && id !== undefined && name !== undefined) {
      listed.push({ name, uuid, id: id === '-' ? undefined : Number(id) });
    } else if (statsOf !== undefined) {
      current = { state: 0, reason: 0 };
      numbers.set(statsOf, current);
    } else if (current !== undefined && key !== undefined) {
      current[key === 'state' ? 'state' : 'reason'] = Number(value);
    } else {
      return { ok: false, kind: 'unreadable', fault: `virsh printed ${quoted(line)}` };
    }
  }
  return {
    ok: true,
    domains: listed.map((domain) => ({ ...domain, state: stateOf(numbers.get(domain.name)) })),
  };
}

function stateOf(numbers: { readonly state: number; readonly reason: number } | undefined): DomainState {
  const [name, reasons] = STATES[numbers?.state ?? 0] ?? [];
  if (numbers === undefined || name === undefined) return NO_STATE;
  return { name, reason: reasons?.[numbers.reason] ?? 'unknown' };
}
