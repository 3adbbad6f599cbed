/** What every part of the laboratory is given: which one it is, and its control groups. */
import { existsSync, readFileSync } from 'node:fs';
import { PmError } from '../../shared/errors.ts';
import { type Cgroup, labCgroup, leafOf } from './cgroup.ts';
import { type GuestSpec, type LabLayout, type LabSpec, labLayout } from './layout.ts';

export interface Lab {
  readonly layout: LabLayout;
  readonly cgroup: Cgroup;
}

export function labHandle(name?: string): Lab {
  const layout = labLayout(name);
  return {
    layout,
    // Asked for when it is needed: a machine without control groups can still skip the tests, by name.
    get cgroup() {
      return labCgroup(layout.name);
    },
  };
}

/** One control group for each host, `wire`, `power`, and `commands` for what `up` runs. */
export const leaf = (lab: Lab, name: string): Cgroup => leafOf(lab.cgroup, name);

/** The hosts and guests that the laboratory was brought up with. */
export function originalSpec(lab: Lab): LabSpec {
  if (existsSync(lab.layout.specFile)) return JSON.parse(readFileSync(lab.layout.specFile, 'utf8'));
  throw new PmError({
    code: 'environment',
    what: `the laboratory ${lab.layout.name} can't be used`,
    fault: 'it is not up',
    remedy: 'bring it up with: npm run lab -- up',
  });
}

/** The hosts and guests that there are now. */
export function specOf(lab: Lab): LabSpec {
  const original = originalSpec(lab);
  if (!existsSync(lab.layout.guestsFile)) return original;
  return { ...original, guests: JSON.parse(readFileSync(lab.layout.guestsFile, 'utf8')) };
}

export function guestOf(lab: Lab, name: string): GuestSpec {
  const { guests } = specOf(lab);
  const guest = guests.find((one) => one.name === name);
  if (guest === undefined) throw unknown('guest', name, namesOf(guests));
  return guest;
}

export function assertHost(lab: Lab, name: string): void {
  const { hosts } = specOf(lab);
  if (!hosts.includes(name)) throw unknown('host', name, hosts);
}

/** A name that is neither is refused: a fault that strikes nobody would prove anything. */
export function isHost(lab: Lab, name: string): boolean {
  const { hosts, guests } = specOf(lab);
  if (hosts.includes(name)) return true;
  if (guests.some((one) => one.name === name)) return false;
  throw unknown('host or guest', name, [...hosts, ...namesOf(guests)]);
}

const namesOf = (guests: readonly GuestSpec[]) => guests.map((one) => one.name);

function unknown(kind: string, name: string, known: readonly string[]): PmError {
  return new PmError({
    code: 'usage',
    what: `the laboratory has no ${kind} called ${JSON.stringify(name)}`,
    fault: 'it was not defined',
    remedy: known.length === 0 ? 'it has none at all' : `use one of ${known.join(', ')}`,
  });
}
