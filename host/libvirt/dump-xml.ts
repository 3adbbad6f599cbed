/** The XML of domains as libvirt has it, running or defined. */

import { randomUUID } from 'node:crypto';
import { setImmediate as yieldOnce } from 'node:timers/promises';
import { quoted } from '../../shared/visible.ts';
import { type DomainSelector, domainWord, UUID } from './domain-selector.ts';
import { type Domain, parseDomainXml } from './domain-xml.ts';
import {
  callVirsh,
  callVirshBatch,
  type Virsh,
  type VirshAnswer,
  type VirshFailure,
  virshFailure,
} from './virsh.ts';

export type DumpResult = { readonly ok: true; readonly domain: Domain } | VirshFailure;

/** What libvirt will start next, as text, for those who change it. */
export async function dumpDefinition(virsh: Virsh, selector: DomainSelector): Promise<VirshAnswer> {
  const domain = await domainWord(virsh, selector);
  if (!domain.ok) return domain;
  return callVirsh(virsh, ['dumpxml', `--domain=${domain.word}`, '--inactive']);
}

/** A single argument of a command may have 128 KiB. */
const DOMAINS_PER_CALL = 500;
/** Whoever waits for its turn in this process waits no longer than these take. */
const PARSED_AT_ONCE = 50;

/**
 * Many domains by few processes (less than 2 ms each where one by one costs 20). A domain that has gone in the meantime is a
 * `no-such-domain` of its own.
 */
export async function dumpDomains(
  virsh: Virsh,
  uuids: readonly string[],
): Promise<ReadonlyMap<string, DumpResult>> {
  const results = new Map<string, DumpResult>();
  for (const uuid of uuids) {
    if (!UUID.test(uuid))
      results.set(uuid, { ok: false, kind: 'refused', fault: `${quoted(uuid)} is no UUID` });
  }
  const askable = uuids.filter((uuid) => UUID.test(uuid));
  for (let start = 0; start < askable.length; start += DOMAINS_PER_CALL) {
    const some = askable.slice(start, start + DOMAINS_PER_CALL);
    for (const [uuid, result] of await dumpSome(virsh, some)) results.set(uuid, result);
  }
  return results;
}

async function dumpSome(
  virsh: Virsh,
  uuids: readonly string[],
): Promise<readonly (readonly [string, DumpResult])[]> {
  // Nothing that stands in a domain's XML can be taken for the end of it.
  const mark = randomUUID();
  const commands = uuids.flatMap((uuid) => [`dumpxml ${uuid}`, `echo ${mark}`]);
  const result = await callVirshBatch(virsh, commands);
  const failure = virshFailure(['virsh', 'dumpxml'], result);
  if (result.kind !== 'exited' || failure.kind === 'unavailable') return uuids.map((uuid) => [uuid, failure]);
  const parts = result.stdout.split(mark);
  if (parts.length !== uuids.length + 1)
    return uuids.map((uuid) => [uuid, { ...failure, kind: 'unreadable' }]);
  const dumped: [string, DumpResult][] = [];
  for (const [index, uuid] of uuids.entries()) {
    if (index % PARSED_AT_ONCE === 0) await yieldOnce();
    const text = parts[index]?.trim() ?? '';
    const isGone = text === '' && result.stderr.includes(`failed to get domain '${uuid}'`);
    dumped.push([
      uuid,
      text === '' ? { ...failure, kind: isGone ? 'no-such-domain' : failure.kind } : domainIn(text),
    ]);
  }
  return dumped;
}

function domainIn(text: string): DumpResult {
  const parsed = parseDomainXml(text);
  return parsed.ok ? parsed : { ok: false, kind: 'unreadable', fault: `virsh dumpxml: ${parsed.fault}` };
}
