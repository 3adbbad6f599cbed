/** Guests that a test defines anew or in addition, while the laboratory stands. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBootArchive } from './guest-files.ts';
import { defineGuests, destroyGuest } from './guests.ts';
import { isHostRunning, onHost } from './hosts.ts';
import { type Lab, specOf } from './lab-handle.ts';
import type { GuestSpec } from './layout.ts';

export const clusterMembers = (guests: readonly GuestSpec[]) => guests.filter((guest) => guest.cluster);

/** Defines the guest on every host; it holds from its next start on. */
export async function define(lab: Lab, guest: GuestSpec): Promise<void> {
  const { hosts, guests } = specOf(lab);
  const others = guests.filter((one) => one.name !== guest.name);
  const all = [...others, guest].sort((one, other) => one.name.localeCompare(other.name));
  writeGuests(lab, all);
  await writeBootArchive(lab, guest, clusterMembers(all));
  for (const host of hosts) {
    if (isHostRunning(lab, host)) await defineGuests(lab, host, [guest]);
    else forgetOnDisk(lab, host, guest.name); // it is defined there when it is started there
  }
}

/** Powers the guest off and forgets it. */
export async function undefine(lab: Lab, name: string): Promise<void> {
  await destroyGuest(lab, name);
  const { hosts, guests } = specOf(lab);
  for (const host of hosts) {
    if (isHostRunning(lab, host)) await onHost(lab, host, ['virsh', '-q', 'undefine', name]);
    else forgetOnDisk(lab, host, name);
  }
  writeGuests(
    lab,
    guests.filter((one) => one.name !== name),
  );
}

/** Of a host that is off: nobody but us has its layer open. */
function forgetOnDisk(lab: Lab, host: string, guest: string): void {
  rmSync(join(lab.layout.hostDirectory(host), 'layer/etc/libvirt/qemu', `${guest}.xml`), { force: true });
}

function writeGuests(lab: Lab, guests: readonly GuestSpec[]): void {
  writeFileSync(lab.layout.guestsFile, JSON.stringify(guests));
}
