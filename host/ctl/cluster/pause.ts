/** Waits a while; false when somebody wants us to end. */
import type { Session } from './session.ts';

export async function pause({ clock, interrupted }: Session, delayMs: number): Promise<boolean> {
  if (interrupted.aborted) return false;
  await clock.sleep(delayMs, interrupted).catch(() => undefined);
  return !interrupted.aborted;
}
