/**
 * Leaves the laboratory as it came up: nothing cut or frozen, every host on and online, nothing of a test running or
 * on disk, the configuration of both clusters as it was, every guest as it was defined and running where it belongs.
 */
import { isDeepStrictEqual } from 'node:util';
import { membersOf, waitForOnline } from './clusters.ts';
import { define, undefine } from './definitions.ts';
import { mend, setPowerSwitch, start, thaw } from './faults.ts';
import { waitForAgent } from './guest-agent.ts';
import {
  destroyGuest,
  destroyStrangers,
  killGuest,
  migrateGuest,
  startGuest,
  whereabouts,
} from './guests.ts';
import { isHostFrozen, isHostRunning } from './hosts.ts';
import { type Lab, originalSpec, specOf } from './lab-handle.ts';
import type { GuestSpec } from './layout.ts';
import { restorePristine } from './pristine.ts';
import { tidyGuest, tidyHost } from './tidy.ts';

export interface ResetOptions {
  /** Whether processes and files that tests left are looked for as well, which takes seconds in guests. */
  readonly isWhole?: boolean;
}

export async function reset(lab: Lab, { isWhole = true }: ResetOptions = {}): Promise<void> {
  const { hosts } = specOf(lab);
  setPowerSwitch(lab, 'works');
  await mend(lab);
  for (const host of hosts) {
    if (isHostFrozen(lab, host)) await thaw(lab, host);
    if (!isHostRunning(lab, host)) await start(lab, host);
    if (isWhole) await tidyHost(lab, host);
  }
  await waitForOnline(lab, 'hosts');
  await restorePristine(lab, 'hosts');
  for (const host of hosts) await destroyStrangers(lab, host);

  const { guests } = originalSpec(lab);
  const extra = specOf(lab).guests.filter((guest) => !guests.some(({ name }) => name === guest.name));
  for (const guest of extra) await undefine(lab, guest.name);
  await Promise.all(guests.map((guest) => bringHome(lab, guest)));
  if (isWhole) await Promise.all(guests.map(({ name }) => tidyGuest(lab, name)));
  if (membersOf(lab, 'guests').length === 0) return;
  await waitForOnline(lab, 'guests');
  await restorePristine(lab, 'guests');
}

async function bringHome(lab: Lab, guest: GuestSpec): Promise<void> {
  const { name, home } = guest;
  const current = specOf(lab).guests.find((one) => one.name === name);
  if (!isDeepStrictEqual(current, guest)) {
    await destroyGuest(lab, name);
    await define(lab, guest);
  }
  const found = whereabouts(lab, name);
  // Two at once is a migration that a fault has stopped half-way; neither can be trusted.
  if (found.length > 1) for (const _ of found) await killGuest(lab, name);
  else if (found.length === 1) await thaw(lab, name);
  const host = whereabouts(lab, name)[0]?.host;
  if (host === undefined) await startGuest(lab, name);
  else if (host !== home) await migrateGuest(lab, name, home);
  try {
    await waitForAgent(lab, name);
  } catch {
    // A test has broken what is inside; it is as new when it boots.
    await destroyGuest(lab, name);
    await startGuest(lab, name);
    await waitForAgent(lab, name, 60_000);
  }
}
