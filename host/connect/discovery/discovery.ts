/**
 * Finds the guests and follows them: brings together what Pacemaker, libvirt, files and directories say, and tells
 * when the picture has changed.
 *
 *   change in the CIB's directory --> CibSource ----resources--> DomainFiles --+
 *   virsh event --> LibvirtSource ------------------domains--------------------+--> GuestDirectory --> onWanted
 *   change of an XML file ----------------------------------------------------+
 *   a file appears in a directory of sockets --> onSocketChanged
 *   every `sweepMs` all of these, as if everything had changed
 *
 * Invariant: until libvirt has told which domains run behind which sockets, or has not for a while, there is no
 * picture: a file may name a socket behind which another guest runs, and would be believed.
 */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import type { Pacemaker } from '../../pacemaker/pacemaker-call.ts';
import { CibSource } from './cib-source.ts';
import { Coalescer, faultLogger } from './coalescer.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { DomainFiles } from './domain-files.ts';
import { GuestDirectory, type Wanted } from './guest-directory.ts';
import type { GuestDomain } from './guest-domain.ts';
import { LibvirtSource } from './libvirt-source.ts';
import type { SourceView } from './source-state.ts';

export interface DiscoverySettings {
  /** Of the configuration file. */
  readonly guests: readonly GuestDomain[];
  /** Watched beside those that the guests' sockets are in. */
  readonly socketDirectories: readonly string[];
  readonly sweepMs: number;
}

export interface DiscoveryOptions {
  readonly pacemaker: Pacemaker;
  /** The file that changes when the configuration of the cluster does. */
  readonly cibPath: string;
  readonly virsh: Virsh;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly settings: DiscoverySettings;
  readonly onNodeName: (node: string) => void;
  readonly onWanted: (wanted: Wanted) => void;
  /** Something has appeared or changed at this path, where a guest's socket may be. */
  readonly onSocketChanged: (path: string) => void;
  readonly onGuestStarted: (name: string) => void;
  readonly onSweep: () => void;
}

/** So that a thousand files read one after the other don't make a thousand pictures. */
const SETTLE_MS = 20;

/** How long libvirt is waited for at the start. */
const PATIENCE_MS = 3_000;

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #directory = new GuestDirectory();
  readonly #cib: CibSource;
  readonly #libvirt: LibvirtSource;
  readonly #watch: DirectoryWatch;
  readonly #files: DomainFiles;
  readonly #fileReader: Coalescer;
  readonly #publisher: Coalescer;
  readonly #realDirectories = new Map<string, string>();
  #settings: DiscoverySettings;
  #sweepTimer: Timer | undefined;
  #patienceTimer: Timer | undefined;
  #isHeld = true;
  #wanted: Wanted = { links: new Map(), idle: new Map(), refused: new Map(), problems: [] };

  constructor(options: DiscoveryOptions) {
    const { clock, random, log, pacemaker, virsh, settings, onGuestStarted } = options;
    this.#options = options;
    this.#settings = settings;
    this.#publisher = new Coalescer(
      clock,
      { settleMs: SETTLE_MS, restPerRun: 4, onFault: faultLogger(log, 'the picture of guests') },
      () => this.#publish(),
    );
    this.#fileReader = new Coalescer(
      clock,
      { settleMs: SETTLE_MS, onFault: faultLogger(log, 'the files of resources') },
      () => this.#files.read(this.#directory.filePaths),
    );
    this.#files = new DomainFiles({
      clock,
      onRead: (path, domain) => {
        this.#directory.setFile(path, domain);
        this.#publisher.ask();
      },
      onFault: (path, fault) => {
        this.#directory.setFileFault(path, fault);
        this.#publisher.ask();
      },
    });
    this.#cib = new CibSource({
      pacemaker,
      clock,
      random,
      log,
      onNodeName: options.onNodeName,
      onResources: (resources) => {
        this.#directory.setResources(resources);
        this.#fileReader.ask();
        this.#publisher.ask();
      },
    });
    this.#libvirt = new LibvirtSource({
      virsh,
      clock,
      random,
      log,
      onDomains: (listed, dumped, askedMs) => {
        this.#directory.setDomains(listed, dumped, askedMs);
        this.#publisher.ask();
      },
      onStarted: onGuestStarted,
      onFirstLook: () => this.#release(),
    });
    this.#watch = new DirectoryWatch({
      clock,
      log,
      onChange: (directory, name) => this.#changed(join(directory, name)),
      onWatched: (directory) => this.#missed(directory),
    });
  }

  start(): void {
    this.#directory.setConfigured(this.#settings.guests);
    this.#patienceTimer = this.#options.clock.after(PATIENCE_MS, () => this.#release());
    this.#watchDirectories();
    this.#cib.refresh();
    this.#libvirt.start();
    this.#sweepLater();
  }

  /** The next one behind the same socket may be another guest, if others name it too. */
  linkLost(guest: string): void {
    if (this.#wanted.links.get(guest)?.isShared !== true) return;
    this.#directory.doubt(guest, this.#options.clock.nowMs());
    void this.#publish();
    this.#libvirt.refresh();
  }

  /** Looks at everything anew. */
  reload(settings: DiscoverySettings): void {
    this.#settings = settings;
    this.#directory.setConfigured(settings.guests);
    this.#sweep();
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  get sources(): { readonly pacemaker: SourceView; readonly libvirt: SourceView } {
    return { pacemaker: this.#cib.view, libvirt: this.#libvirt.view };
  }

  get watchCounts(): DirectoryWatch['counts'] {
    return this.#watch.counts;
  }

  async close(): Promise<void> {
    this.#sweepTimer?.cancel();
    this.#patienceTimer?.cancel();
    this.#watch.close();
    this.#files.close();
    void this.#fileReader.close(); // storage that has died answers never
    await Promise.all([this.#cib, this.#libvirt, this.#publisher].map((part) => part.close()));
  }

  #release(): void {
    this.#patienceTimer?.cancel();
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#publisher.ask();
  }

  #sweepLater(): void {
    this.#sweepTimer?.cancel();
    this.#sweepTimer = this.#options.clock.after(this.#settings.sweepMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#realDirectories.clear();
    this.#watch.revive();
    this.#cib.refresh();
    this.#libvirt.refresh();
    this.#fileReader.ask();
    this.#publisher.ask();
    this.#options.onSweep();
    this.#sweepLater();
  }

  #changed(path: string): void {
    if (path === this.#options.cibPath) this.#cib.refresh();
    else if (this.#directory.filePaths.has(path)) this.#fileReader.ask();
    else this.#options.onSocketChanged(path);
  }

  /** Nobody told what happened in this directory until now. */
  #missed(directory: string): void {
    if (directory === dirname(this.#options.cibPath)) this.#cib.refresh();
    this.#fileReader.ask();
    for (const { target } of this.#wanted.links.values()) {
      if (dirname(target.path) === directory) this.#options.onSocketChanged(target.path);
    }
  }

  async #publish(): Promise<void> {
    if (this.#isHeld) return;
    this.#wanted = this.#directory.wanted((directory) => this.#realDirectory(directory));
    this.#watchDirectories();
    this.#options.onWanted(this.#wanted);
  }

  #watchDirectories(): void {
    const directories = new Set([dirname(this.#options.cibPath), ...this.#settings.socketDirectories]);
    for (const path of this.#directory.filePaths) directories.add(dirname(path));
    for (const { target } of this.#wanted.links.values()) directories.add(dirname(target.path));
    this.#watch.setDirectories(directories);
  }

  #realDirectory(directory: string): string {
    const known = this.#realDirectories.get(directory);
    if (known !== undefined) return known;
    let real = directory;
    try {
      real = realpathSync(directory);
    } catch {
      // It is not there yet, or not to be looked into: its own name is the best there is.
    }
    this.#realDirectories.set(directory, real);
    return real;
  }
}
