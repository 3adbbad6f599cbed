/**
 * The domain of a guest: its XML looked up, and the one with the channel put in its place.
 *
 * The domain file is what the cluster starts a guest from; libvirt has a definition of its own only while the cluster
 * has not taken the domain over. Where libvirt has one, it is told to define the new XML, which checks it, too.
 */
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import { attachDevice, defineDomain } from '../../libvirt/domain-control.ts';
import { readDomainFile } from '../../libvirt/domain-file.ts';
import { dumpDefinition } from '../../libvirt/dump-xml.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import { type Message, message } from '../messages/message.ts';
import { type ChannelWish, hasChannel, type WithChannel, withChannel } from './add-channel.ts';

export interface KnownDomain {
  readonly name: string;
  readonly path: string;
  readonly isRunning: boolean;
  /** libvirt keeps a definition of it. */
  readonly isDefined: boolean;
}

export interface PreparedDomain {
  readonly known: KnownDomain;
  readonly text: string;
  readonly change: Exclude<WithChannel, { kind: 'unreadable' }>;
}

export type Preparation =
  | { readonly ok: true; readonly prepared: PreparedDomain }
  | { readonly ok: false; readonly problem: Message };

export async function prepareDomain(
  virsh: Virsh,
  known: KnownDomain,
  wish: ChannelWish,
): Promise<Preparation> {
  const { name, path, isDefined } = known;
  const unusable = (fault: string): Preparation => ({
    ok: false,
    problem: message('domain-file-unusable', { guest: name, path, fault }),
  });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT' || !isDefined) return unusable(messageOf(thrown));
    const dumped = await dumpDefinition(virsh, { name });
    if (!dumped.ok) return unusable(dumped.fault);
    text = dumped.stdout;
  }
  const change = withChannel(text, wish);
  if (change.kind === 'unreadable') return unusable(change.fault);
  return { ok: true, prepared: { known, text, change } };
}

export interface PutOptions {
  readonly directory: string;
  readonly portName: string;
  readonly wallMs: number;
}

/** The former XML is kept in `directory`; the path of that, or what was in the way: then the XML is what it was. */
export async function putDomain(
  virsh: Virsh,
  { known, text, change }: PreparedDomain,
  { directory, portName, wallMs }: PutOptions,
): Promise<
  { readonly ok: true; readonly backup: string } | { readonly ok: false; readonly problem: Message }
> {
  const { name, path, isDefined } = known;
  if (change.kind === 'there') throw new TypeError('a domain that has its channel is left alone');
  const time = new Date(wallMs).toISOString().replace(/[:.]/g, '-');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const backup = join(directory, `${name}-${time}.xml`);
  writeFileSync(backup, text, { mode: 0o600 });
  try {
    if (isDefined) {
      const draft = join(directory, `.${process.pid}.xml`);
      writeFileSync(draft, change.text, { mode: 0o600 });
      const defined = await defineDomain(virsh, draft);
      rmSync(draft, { force: true });
      if (!defined.ok) return refused(name, defined.fault);
      // libvirt has written its own file anew; only one that is somewhere else is left to us.
      if (await isThereNow(path, portName)) return { ok: true, backup };
    }
    writeInPlace(path, change.text);
    return { ok: true, backup };
  } catch (thrown) {
    return refused(name, messageOf(thrown));
  }
}

const refused = (guest: string, fault: string) => ({
  ok: false as const,
  problem: message('channel-not-added', { guest, fault }),
});

async function isThereNow(path: string, portName: string): Promise<boolean> {
  const file = await readDomainFile(path);
  return file.ok && hasChannel(file.domain, portName);
}

function writeInPlace(path: string, text: string): void {
  const { mode } = statSync(path, { throwIfNoEntry: false }) ?? { mode: 0o600 };
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: mode & 0o777 });
  renameSync(draft, path);
}

/** Into the guest that runs: undefined when it has it now, else why not. */
export async function plugIn(
  virsh: Virsh,
  { known, change }: PreparedDomain,
  directory: string,
): Promise<string | undefined> {
  if (change.kind === 'there') return undefined;
  const device = join(directory, `.channel-${process.pid}.xml`);
  writeFileSync(device, change.channel, { mode: 0o600 });
  const attached = await attachDevice(virsh, { name: known.name }, device);
  rmSync(device, { force: true });
  return attached.ok ? undefined : attached.fault;
}
