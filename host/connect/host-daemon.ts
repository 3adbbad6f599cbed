/**
 * vm-connectd on a host: discovery says which guests there are, a link leads to each, the router decides, and the
 * local side has the services. This is where the router's effects are done and time is kept for it.
 *
 *   discovery --wanted--> links <--frames--> router <--frames--> local side
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { RunningDaemon } from '../../shared/daemon/run-daemon.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { CommandRunner } from '../../shared/process/run-command.ts';
import { encodeMessage } from '../../shared/protocol/encode-message.ts';
import type { Frame } from '../../shared/protocol/frame-decoder.ts';
import type { Virsh } from '../libvirt/virsh.ts';
import type { Pacemaker } from '../pacemaker/pacemaker-call.ts';
import { Discovery, type DiscoverySettings } from './discovery/discovery.ts';
import type { Wanted } from './discovery/guest-directory.ts';
import { LINK_LIMITS, type LinkLimits, type RouterLimits } from './limits.ts';
import { GuestLink, type LinkEnvironment } from './link/guest-link.ts';
import { LocalSide } from './local-side.ts';
import type { Identity } from './router/greeting.ts';
import { Router } from './router/router.ts';
import type { RouterEffect } from './router/router-effect.ts';
import { agentAnswer } from './status/agent-answer.ts';
import { type Page, statusReport } from './status/status-report.ts';
import { WantedLog } from './wanted-log.ts';

export interface HostDaemonOptions {
  readonly socketPath: string;
  readonly identity: Identity;
  readonly pacemaker: Pacemaker;
  readonly cibPath: string;
  readonly virsh: Virsh;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Logger;
  readonly firstSettings: DiscoverySettings;
  /** Called at every reload. */
  readonly readSettings: () => DiscoverySettings;
  readonly limits?: { readonly link?: Partial<LinkLimits>; readonly router?: Partial<RouterLimits> };
}

export async function startHostDaemon(options: HostDaemonOptions): Promise<RunningDaemon> {
  const daemon = new HostDaemon(options);
  await daemon.start();
  return daemon;
}

class HostDaemon implements RunningDaemon {
  readonly #options: HostDaemonOptions;
  readonly #startedMs: number;
  readonly #router: Router;
  readonly #links = new Map<string, GuestLink>();
  readonly #byPath = new Map<string, GuestLink>();
  readonly #uuids = new Map<string, string>();
  readonly #environment: LinkEnvironment;
  readonly #discovery: Discovery;
  readonly #wantedLog: WantedLog;
  /** Ends the commands that are under way when we stop: libvirt or Pacemaker may be stuck. */
  readonly #stopping = new AbortController();
  #local: LocalSide | undefined;
  #wakeTimer: Timer | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(options: HostDaemonOptions) {
    const { clock, random, log, identity, newId, limits } = options;
    this.#options = options;
    this.#startedMs = clock.wallMs();
    this.#wantedLog = new WantedLog(log);
    this.#router = new Router({
      identity,
      newId,
      uuidOf: (guest) => this.#uuids.get(guest),
      limits: limits?.router ?? {},
      startedMs: clock.nowMs(),
    });
    this.#environment = {
      clock,
      random,
      log,
      limits: { ...LINK_LIMITS, ...limits?.link },
      onFrame: (guest, frame) => this.#heard(guest, frame),
      onLost: (guest) => this.#discovery.linkLost(guest),
      onRoom: (guest, dropped) => this.#catchUp(guest, dropped),
    };
    const { pacemaker, cibPath, virsh, firstSettings } = options;
    this.#discovery = new Discovery({
      pacemaker: { ...pacemaker, run: this.#untilStop(pacemaker.run) },
      cibPath,
      virsh: { ...virsh, run: this.#untilStop(virsh.run) },
      clock,
      random,
      log,
      settings: firstSettings,
      onNodeName: (node) => this.#router.isOnHost(node),
      onWanted: (wanted) => this.#follow(wanted),
      onSocketChanged: (path) => this.#byPath.get(path)?.poke(),
      onGuestStarted: (guest) => this.#links.get(guest)?.poke(),
      onSweep: () => this.#sweep(),
    });
  }

  async start(): Promise<void> {
    const { socketPath, identity, clock, log } = this.#options;
    this.#local = await LocalSide.listen({
      path: socketPath,
      identity,
      router: this.#router,
      clock,
      log,
      run: (effects) => this.#run(effects),
      answer: (text, detail) => agentAnswer(text, detail, (page) => this.#report(page)),
    });
    this.#discovery.start();
  }

  async reload(): Promise<void> {
    this.#discovery.reload(this.#options.readSettings());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#discovery.close();
    for (const link of this.#links.values()) link.close(false);
    await this.#local?.close();
    this.#wakeTimer?.cancel();
  }

  #untilStop(run: CommandRunner): CommandRunner {
    return (argv, options) => run(argv, { ...options, signal: this.#stopping.signal });
  }

  // ---- guests

  #follow(wanted: Wanted): void {
    this.#wantedLog.note(wanted);
    for (const [guest, link] of this.#links) {
      if (wanted.links.has(guest)) continue;
      this.#links.delete(guest);
      link.close(true);
    }
    this.#byPath.clear();
    for (const [guest, { target, uuid }] of wanted.links) {
      this.#noteUuid(guest, uuid);
      const known = this.#links.get(guest);
      try {
        known?.retarget(target);
        const link = known ?? new GuestLink(guest, target, this.#environment);
        this.#links.set(guest, link);
        this.#byPath.set(target.path, link);
      } catch (thrown) {
        // One guest's trouble must not keep the others from being followed; the next picture tries again.
        this.#options.log.error(`guest ${guest}: cannot follow it`, { reason: messageOf(thrown) });
      }
    }
  }

  /** A domain of the same name that is another one has no right to the answers of the former one. */
  #noteUuid(guest: string, uuid: string | undefined): void {
    if (uuid === undefined) return;
    const former = this.#uuids.get(guest);
    this.#uuids.set(guest, uuid);
    if (former === undefined || former === uuid) return;
    this.#options.log.warning(`guest ${guest}: another domain has this name now`, { former, uuid });
    this.#run(this.#router.forgetGuest(guest));
    this.#links.get(guest)?.close(true);
    this.#links.delete(guest);
  }

  #heard(guest: string, frame: Frame): void {
    this.#run(this.#router.fromGuest(guest, frame, this.#options.clock.nowMs()));
  }

  /** The guest did not read and now does: it gets what it missed. */
  #catchUp(guest: string, dropped: readonly string[]): void {
    this.#links.get(guest)?.send({ kind: 'message', message: this.#router.servicesMessage() });
    for (const id of dropped) this.#run(this.#router.repeat(guest, id, this.#options.clock.nowMs()));
  }

  #sweep(): void {
    for (const link of this.#links.values()) link.attend();
    this.#router.retainCounts((guest) => this.#links.has(guest));
    for (const guest of this.#uuids.keys()) {
      if (!this.#links.has(guest) && !this.#router.holdsAnythingOf(guest)) this.#uuids.delete(guest);
    }
  }

  // ---- the router's effects

  #run(effects: readonly RouterEffect[]): void {
    for (const effect of effects) this.#do(effect);
    this.#wakeInTime();
  }

  #do(effect: RouterEffect): void {
    switch (effect.kind) {
      case 'to-guest':
        this.#links.get(effect.guest)?.send(effect.frame, effect.answers);
        break;
      case 'to-service':
        this.#local?.toService(effect);
        break;
      case 'more-for-service':
        this.#options.clock.after(0, () => this.#local?.serviceReady(effect.connection));
        break;
      case 'services': {
        const bytes = encodeMessage(this.#router.servicesMessage());
        if (bytes !== undefined) for (const link of this.#links.values()) link.broadcast(bytes);
      }
    }
  }

  #wakeInTime(): void {
    const dueMs = this.#router.nextWakeMs();
    if (dueMs === undefined || dueMs >= this.#wakeMs) return;
    const { clock } = this.#options;
    this.#wakeTimer?.cancel();
    this.#wakeMs = dueMs;
    this.#wakeTimer = clock.after(Math.max(1, Math.ceil(dueMs - clock.nowMs())), () => {
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#run(this.#router.wake(clock.nowMs()));
    });
  }

  #report(page: Page) {
    return statusReport(
      {
        identity: this.#router.identity,
        startedMs: this.#startedMs,
        nowMs: this.#options.clock.wallMs(),
        router: this.#router,
        links: this.#links,
        discovery: this.#discovery,
        local: this.#local?.counts ?? {},
      },
      page,
    );
  }
}
