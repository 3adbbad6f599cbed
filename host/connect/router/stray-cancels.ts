/**
 * Cancels of what this daemon does not know. A service may be at work on it all the same, because a former daemon asked
 * it: so each service that is there is told, and each that comes while services are still awaited (service-desk.ts).
 *
 * Invariant: of each guest the latest MOST are kept for those that come; an id that is asked for anew is not among them.
 */
import { type ToService, toService } from './router-effect.ts';
import type { Service, ServiceDesk } from './service-desk.ts';

const MOST = 64;

export class StrayCancels {
  readonly #desk: ServiceDesk;
  readonly #guests = new Map<string, Set<string>>();

  constructor(desk: ServiceDesk) {
    this.#desk = desk;
  }

  heard(guest: string, id: string, nowMs: number): ToService[] {
    if (this.#desk.isAwaitingSome(nowMs)) this.#keep(guest, id);
    const effects: ToService[] = [];
    for (const { name, holder, queue } of this.#desk.all()) {
      if (holder === undefined) continue;
      if (queue.isEmpty) effects.push(toService(name, holder, { type: 'cancel', id, guest }));
      else queue.addStrayCancel(guest, id);
    }
    return effects;
  }

  serviceCame({ queue }: Service, nowMs: number): void {
    this.forgetOld(nowMs);
    for (const [guest, ids] of this.#guests) for (const id of ids) queue.addStrayCancel(guest, id);
  }

  askedAnew(guest: string, id: string): void {
    this.#guests.get(guest)?.delete(id);
  }

  forgetGuest(guest: string): void {
    this.#guests.delete(guest);
  }

  forgetOld(nowMs: number): void {
    if (!this.#desk.isAwaitingSome(nowMs)) this.#guests.clear();
  }

  #keep(guest: string, id: string): void {
    const ids = this.#guests.get(guest) ?? new Set();
    this.#guests.set(guest, ids);
    ids.delete(id);
    ids.add(id);
    const [oldest] = ids;
    if (ids.size > MOST && oldest !== undefined) ids.delete(oldest);
  }
}
