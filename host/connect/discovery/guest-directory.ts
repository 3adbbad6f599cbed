/**
 * Which guests there are and which socket leads to each, from what the sources say:
 *
 *   configuration of vm-connectd                        [guest NAME] sections; wins over all
 *   libvirt, a domain that runs                         the XML that QEMU was really started with
 *   Pacemaker's VirtualDomain resources, their files    what the next start will use
 *   libvirt, a domain that is defined and does not run
 *
 * Pure. Invariants: a source that can't be read says nothing, so what it said last stays. Of several guests that name
 * one socket the one that runs here gets the link, since it is its QEMU that is behind it; where none runs or more than
 * one seem to, none of them gets it, because nobody could tell which of them speaks.
 */
import { basename, dirname, join } from 'node:path';
import { paths } from '../../../shared/paths.ts';
import type { LinkTarget } from '../link/socket-source.ts';
import type { GuestDomain } from './guest-domain.ts';

export interface DomainResource {
  readonly id: string;
  /** The path of its XML. */
  readonly config: string | undefined;
}

export interface ListedDomain {
  readonly name: string;
  readonly uuid: string;
  /** Undefined while it does not run; another one at every start. */
  readonly id: number | undefined;
}

export interface Wanted {
  readonly links: ReadonlyMap<string, WantedLink>;
  /** Known, but there is no socket to link to at present, and why. */
  readonly idle: ReadonlyMap<string, string>;
  /** Not to be linked, and what has to be mended. */
  readonly refused: ReadonlyMap<string, string>;
  /** What is wrong with things that are no guests. */
  readonly problems: readonly string[];
}

export interface WantedLink {
  readonly target: LinkTarget;
  readonly uuid: string | undefined;
  readonly isLasting: boolean;
  /** libvirt says that the guest runs here, and behind this very socket. */
  readonly isRunning: boolean;
  /** Others name the same socket: it is this guest's for as long as this one runs, and not a moment longer. */
  readonly isShared: boolean;
}

/** Each wins over those behind it. */
type Origin = 'configured' | 'running' | 'file' | 'defined';

interface Candidate {
  readonly domain: GuestDomain;
  readonly origin: Origin;
  /** For messages. */
  readonly where: string;
}

export class GuestDirectory {
  #configured: readonly GuestDomain[] = [];
  #resources: readonly DomainResource[] = [];
  #paths: ReadonlySet<string> = new Set();
  readonly #files = new Map<string, GuestDomain>();
  readonly #fileFaults = new Map<string, string>();
  #listed: readonly ListedDomain[] = [];
  readonly #dumped = new Map<string, GuestDomain>();
  /** By name, when it was last seen to end. */
  readonly #doubtedMs = new Map<string, number>();

  setConfigured(guests: readonly GuestDomain[]): void {
    this.#configured = guests;
  }

  setResources(resources: readonly DomainResource[]): void {
    this.#resources = resources;
    this.#paths = new Set(resources.flatMap(({ config }) => (config === undefined ? [] : [config])));
    for (const path of this.#files.keys()) if (!this.#paths.has(path)) this.#files.delete(path);
    for (const path of this.#fileFaults.keys()) if (!this.#paths.has(path)) this.#fileFaults.delete(path);
  }

  /** The files that the resources name. */
  get filePaths(): ReadonlySet<string> {
    return this.#paths;
  }

  setFile(path: string, domain: GuestDomain): void {
    this.#files.set(path, domain);
    this.#fileFaults.delete(path);
  }

  /** What was in it when it could be read stays. */
  setFileFault(path: string, fault: string): void {
    this.#fileFaults.set(path, fault);
  }

  /**
   * All that libvirt knew when it was asked; of domains that were not looked at anew, what was seen last stays. A domain
   * that has been doubted since may have ended after it was listed.
   */
  setDomains(
    listed: readonly ListedDomain[],
    dumped: ReadonlyMap<string, GuestDomain>,
    askedMs: number,
  ): void {
    for (const [name, doubtedMs] of this.#doubtedMs) if (doubtedMs < askedMs) this.#doubtedMs.delete(name);
    this.#listed = listed.map((one) => (this.#doubtedMs.has(one.name) ? { ...one, id: undefined } : one));
    for (const [uuid, domain] of dumped) this.#dumped.set(uuid, domain);
    const known = new Set(listed.map(({ uuid }) => uuid));
    for (const uuid of this.#dumped.keys()) if (!known.has(uuid)) this.#dumped.delete(uuid);
  }

  /** It is not taken to run until libvirt, asked later than now, lists it anew. */
  doubt(name: string, nowMs: number): void {
    this.#doubtedMs.set(name, nowMs);
    this.#listed = this.#listed.map((one) => (one.name === name ? { ...one, id: undefined } : one));
  }

  /** `realDirectory` resolves symbolic links, so that one socket has one name. */
  wanted(realDirectory: (directory: string) => string = (directory) => directory): Wanted {
    const links = new Map<string, WantedLink>();
    const idle = new Map<string, string>();
    const refused = new Map<string, string>();
    for (const [name, candidates] of this.#candidates()) {
      const chosen = candidates[0];
      if (chosen === undefined) continue;
      const rival = candidates.find((other) => other.origin === chosen.origin && !isSamePort(chosen, other));
      if (rival !== undefined) {
        refused.set(
          name,
          `${chosen.where} and ${rival.where} say different things of its port; keep one of them`,
        );
        continue;
      }
      const { port, owner } = chosen.domain;
      // The configuration names none, and a file need not.
      const uuid = candidates.find(({ domain }) => domain.uuid !== undefined)?.domain.uuid;
      switch (port.kind) {
        case 'socket': {
          const path = join(realDirectory(dirname(port.path)), basename(port.path));
          const target = { mode: port.mode, path, owner };
          const isRunning = candidates.some((one) => one.origin === 'running' && isSamePort(one, chosen));
          links.set(name, { target, uuid, isLasting: port.isLasting, isRunning, isShared: false });
          break;
        }
        case 'made-up':
          idle.set(name, 'it does not run here (libvirt makes up the path of its socket when it starts)');
          break;
        case 'none':
          // Any number of domains have nothing to do with the bridge.
          if (candidates.some(({ domain }) => domain.port.kind !== 'none')) {
            idle.set(name, 'it runs without the channel, which it gets when it is started the next time');
          } else if (chosen.origin === 'file') {
            refused.set(name, `${chosen.where} has no channel called ${paths.portName}; add it`);
          }
          break;
        case 'invalid':
          refused.set(name, `${chosen.where}: ${port.fault}`);
      }
    }
    refuseShared(links, refused);
    return { links, idle, refused, problems: this.#problems() };
  }

  /** By guest, those that win first. */
  #candidates(): Map<string, Candidate[]> {
    const byName = new Map<string, Candidate[]>();
    for (const candidate of this.#allCandidates()) {
      const { name } = candidate.domain;
      const found = byName.get(name);
      if (found === undefined) byName.set(name, [candidate]);
      else found.push(candidate);
    }
    return byName;
  }

  /** In order of precedence. */
  *#allCandidates(): Generator<Candidate> {
    for (const domain of this.#configured) {
      yield { domain, origin: 'configured', where: `the section [guest ${domain.name}]` };
    }
    const runs = (isWanted: boolean) => this.#listed.filter(({ id }) => (id !== undefined) === isWanted);
    yield* this.#dumpedOf(runs(true), 'running');
    for (const path of this.#paths) {
      const domain = this.#files.get(path);
      if (domain !== undefined) yield { domain, origin: 'file', where: path };
    }
    yield* this.#dumpedOf(runs(false), 'defined');
  }

  *#dumpedOf(listed: readonly ListedDomain[], origin: Origin): Generator<Candidate> {
    for (const { uuid, name } of listed) {
      const domain = this.#dumped.get(uuid);
      // Under the name that the list has: a dump from before it was renamed has the old one.
      if (domain !== undefined)
        yield { domain: { ...domain, name }, origin, where: `libvirt's domain ${name}` };
    }
  }

  #problems(): string[] {
    const byFile = new Map<string | undefined, string[]>();
    for (const { id, config } of this.#fileFaults.size > 0 ? this.#resources : []) {
      const ids = byFile.get(config);
      if (ids === undefined) byFile.set(config, [id]);
      else ids.push(id);
    }
    const problems = [...this.#fileFaults].map(
      ([path, fault]) => `resource ${byFile.get(path)?.join(', ') ?? ''}: cannot read ${path}: ${fault}`,
    );
    for (const { id, config } of this.#resources) {
      if (config === undefined) problems.push(`resource ${id} has no parameter config`);
    }
    return problems;
  }
}

function isSamePort({ domain: { port: a } }: Candidate, { domain: { port: b } }: Candidate): boolean {
  if (a.kind === 'socket' && b.kind === 'socket') return a.path === b.path && a.mode === b.mode;
  return a.kind === b.kind;
}

function refuseShared(links: Map<string, WantedLink>, refused: Map<string, string>): void {
  const byPath = new Map<string, string[]>();
  for (const [name, { target }] of links) {
    byPath.set(target.path, [...(byPath.get(target.path) ?? []), name]);
  }
  for (const [path, names] of byPath) {
    if (names.length < 2) continue;
    const all = names.sort().join(' and ');
    const running = names.filter((name) => links.get(name)?.isRunning === true);
    for (const name of names) {
      const link = links.get(name);
      links.delete(name);
      if (running.length === 1 && running[0] === name && link !== undefined) {
        links.set(name, { ...link, isShared: true });
        continue;
      }
      refused.set(name, `${all} have the same socket ${path}; give each a path of its own`);
    }
  }
}
