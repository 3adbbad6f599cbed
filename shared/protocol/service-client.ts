/**
 * A service's place at the host daemon (docs/protocol.md, "The local socket"): registered for ever, whatever happens
 * to the daemon; requests in, answers out.
 *
 *            connected              `registered`
 *   away ---------------> asking ------------------> registered
 *    ^  ^                   |  | `taken`                 |
 *    |  +-- back-off -------+  v                         |  the connection breaks
 *    |                       taken --slowly--> away      |
 *    +---------------------------------------------------+
 *
 * Invariant: a job is handed to the service once for as long as service-jobs.ts knows it; an answer is kept for a while: it is
 * given when the daemon has room for it, and again when the job is asked again. A job ends by its answer, by `cancel`, or by its deadline even
 * when no daemon is there to say so.
 */
import type { Socket } from 'node:net';
import { backOffDelays } from '../back-off.ts';
import { type Clock, systemClock, type Timer } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { connectFault, connectOnce } from '../unix-socket.ts';
import { FrameConnection } from './connection.ts';
import { encodeMessage, tooLongAnswer } from './encode-message.ts';
import type { Frame } from './frame-decoder.ts';
import type { Answer, FrameError, Json, Reply, Request } from './message.ts';
import { type GuestRequest, type Job, type JobKey, ServiceJobs } from './service-jobs.ts';

export interface ServiceRequest {
  /** The domain name of the guest that really asks. */
  readonly guest: string;
  readonly id: string;
  readonly text: string;
  readonly detail?: Json;
  /** What was left when it came; `timeLeftMs` knows of a later deadline, too. */
  readonly deadlineMs: number;
  readonly protocol: 1 | 2;
  timeLeftMs(): number;
  /** The first answer counts; what comes after the end of the job is ignored. */
  reply(answer: Answer): void;
}

export type ServiceState = 'starting' | 'away' | 'registered' | 'taken';

export interface ServiceClientOptions {
  readonly socketPath: string;
  readonly service: string;
  readonly log: Logger;
  readonly onRequest: (request: ServiceRequest) => void;
  /** Nobody waits for it any more: the guest called it off or is another one now, or its deadline has passed. */
  readonly onCancel: (job: JobKey) => void;
  /** At every change; `reason` is for people. */
  readonly onState?: (state: ServiceState, reason: string) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const BACK_OFF = { firstMs: 50, ceilingMs: 1_000 };
/** The other holder of the name is asked to leave by nobody: it takes people to do that. */
const TAKEN_RETRY_MS = 5_000;
/** A listener that does not answer `register` for so long is no host daemon. */
const REGISTER_WITHIN_MS = 10_000;
/** Answers that may wait for the daemon to read them; the others are kept until it has. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** The daemon cancels at the deadline; we do it ourselves when it has not for so long. */
const CANCEL_GRACE_MS = 1_000;

export class ServiceClient {
  readonly #options: ServiceClientOptions;
  readonly #clock: Clock;
  readonly #jobs = new ServiceJobs();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #connection: FrameConnection | undefined;
  #state: ServiceState = 'starting';
  #expiry: Timer | undefined;

  constructor(options: ServiceClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#running = this.#run();
  }

  get state(): ServiceState {
    return this.#state;
  }

  get jobsInWork(): number {
    return this.#jobs.inWork;
  }

  /** Leaves the daemon; answers already given are written first, later ones go nowhere. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#expiry?.cancel();
    this.#connection?.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    const random = this.#options.random ?? Math.random;
    let delays = backOffDelays(BACK_OFF, random);
    while (!this.#stopping.signal.aborted) {
      const end = await this.#connectAndServe();
      if (end.wasRegistered) delays = backOffDelays(BACK_OFF, random);
      this.#become(end.isTaken ? 'taken' : 'away', end.reason);
      const delayMs = end.isTaken ? TAKEN_RETRY_MS : delays.next().value;
      await this.#clock.sleep(delayMs, this.#stopping.signal).catch(() => {});
    }
  }

  async #connectAndServe(): Promise<End> {
    try {
      const socket = await connectOnce(this.#options.socketPath);
      return await this.#serve(socket);
    } catch (thrown) {
      return { ...NO_END, reason: whyAway(thrown) };
    }
  }

  /** Until the connection ends. */
  #serve(socket: Socket): Promise<End> {
    return new Promise((resolve) => {
      const end = { ...NO_END };
      const connection = new FrameConnection(
        socket,
        {
          onFrame: (frame) => this.#receive(frame, connection, end),
          onDrained: () => this.#jobs.pay((to, answer) => this.#give(to, answer)),
          onClosed: (reason) => {
            registering.cancel();
            this.#connection = undefined;
            this.#jobs.oweNothing();
            resolve(reason === undefined ? end : { ...end, reason: reason.message });
          },
        },
        MAX_WAITING_BYTES,
        this.#clock,
      );
      const registering = this.#clock.after(REGISTER_WITHIN_MS, () => {
        if (this.#state === 'registered') return;
        end.reason = 'what listens there does not register services';
        connection.close();
      });
      this.#connection = connection;
      if (this.#stopping.signal.aborted) connection.close();
      else connection.send({ type: 'register', service: this.#options.service });
    });
  }

  #receive(frame: Frame, connection: FrameConnection, end: End): void {
    if (frame.kind !== 'message') {
      const fault = frame.kind === 'bad-message' ? frame.fault : frame.kind;
      this.#options.log.warning('the host daemon sent what is not understood', { fault });
      return;
    }
    const { message } = frame;
    switch (message.type) {
      case 'registered':
        end.wasRegistered = true;
        this.#become('registered', 'the host daemon has taken the registration');
        return;
      case 'error':
        this.#refused(message, connection, end);
        return;
      case 'request':
        this.#requested(message);
        return;
      case 'cancel':
        this.#cancelled(message.guest, message.id);
        return;
      case 'ping':
        connection.send({ type: 'pong', nonce: message.nonce });
        return;
      case 'hello':
      case 'services':
      case 'pong':
      case 'register':
      case 'reply':
        return;
    }
  }

  #refused(error: FrameError, connection: FrameConnection, end: End): void {
    if (end.wasRegistered) {
      this.#options.log.warning('the host daemon found fault', { code: error.code, fault: error.message });
      return;
    }
    end.isTaken = error.code === 'taken';
    end.reason = error.message;
    connection.close();
  }

  #requested(request: Request): void {
    if (!isGuestRequest(request)) {
      this.#options.log.warning('the host daemon passed on a request without its guest', { id: request.id });
      return;
    }
    for (const job of this.#jobs.guestIs(request.guest, request.uuid)) this.#options.onCancel(job);
    const asked = this.#jobs.ask(request, this.#clock.nowMs());
    switch (asked.kind) {
      case 'new':
        this.#awaitDeadline();
        this.#options.onRequest(this.#handedOver(request, asked.job));
        return;
      case 'joined':
        return;
      case 'answer':
        this.#give(request, asked.answer);
        return;
    }
  }

  #handedOver(request: GuestRequest, job: Job): ServiceRequest {
    const { guest, id, text, detail, deadlineMs } = request;
    return {
      guest,
      id,
      text,
      deadlineMs,
      protocol: job.protocol,
      ...(detail === undefined ? {} : { detail }),
      timeLeftMs: () => Math.max(0, job.deadlineAtMs - this.#clock.nowMs()),
      reply: (answer) => this.#answered(job, answer),
    };
  }

  #answered(job: Job, answer: Answer): void {
    if (!this.#jobs.isInWork(job)) return;
    const fitting = encodeMessage(replyTo(job, answer)) === undefined ? tooLongAnswer() : answer;
    this.#jobs.answered(job, fitting, this.#clock.nowMs());
    this.#give(job, fitting);
  }

  #give(to: JobKey, answer: Answer): boolean {
    const sent = this.#connection?.send(replyTo(to, answer));
    if (sent === 'full') this.#jobs.owe(to);
    if (sent === 'sent') this.#jobs.given(to);
    return sent === 'sent';
  }

  #cancelled(guest: string | undefined, id: string): void {
    if (guest === undefined) return;
    const job = this.#jobs.cancel({ guest, id }, this.#clock.nowMs());
    if (job !== undefined) this.#options.onCancel(job);
  }

  #awaitDeadline(): void {
    this.#expiry ??= this.#clock.after(CANCEL_GRACE_MS, () => {
      this.#expiry = undefined;
      for (const job of this.#jobs.expire(this.#clock.nowMs(), CANCEL_GRACE_MS)) this.#options.onCancel(job);
      if (this.#jobs.inWork > 0) this.#awaitDeadline();
    });
  }

  #become(state: ServiceState, reason: string): void {
    if (state === this.#state || this.#stopping.signal.aborted) return;
    const former = this.#state;
    this.#state = state;
    const { service, log, onState } = this.#options;
    log.info(`service ${service}: ${former} => ${state}`, { reason });
    onState?.(state, reason);
  }
}

const replyTo = ({ guest, id }: JobKey, answer: Answer): Reply => ({ type: 'reply', guest, id, ...answer });

/** How a connection ended. */
interface End {
  wasRegistered: boolean;
  isTaken: boolean;
  reason: string;
}

const NO_END: End = { wasRegistered: false, isTaken: false, reason: 'the host daemon closed the connection' };

function isGuestRequest(request: Request): request is GuestRequest {
  return request.guest !== undefined;
}

function whyAway(thrown: unknown): string {
  switch (connectFault(thrown)) {
    case 'no-listener':
      return 'the host daemon is not running; start vm-connectd (systemctl start vm-connectd)';
    case 'forbidden':
      return 'permission denied; run it as root';
    case 'other':
      return messageOf(thrown);
  }
}
