/**
 * Reads the domain XML file that a VirtualDomain resource names in its `config` parameter.
 *
 * Invariant: a file that can't be read or understood says nothing about the domain, least of all that it is stopped.
 */
import { readFile } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../shared/errors.ts';
import { type Domain, parseDomainXml } from './domain-xml.ts';

export type DomainFileResult =
  | { readonly ok: true; readonly domain: Domain }
  | { readonly ok: false; readonly kind: 'missing' | 'unreadable'; readonly fault: string };

export async function readDomainFile(path: string): Promise<DomainFileResult> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (thrown) {
    const kind = systemCodeOf(thrown) === 'ENOENT' ? 'missing' : 'unreadable';
    return { ok: false, kind, fault: messageOf(thrown) };
  }
  const parsed = parseDomainXml(text);
  return parsed.ok
    ? parsed
    : { ok: false, kind: 'unreadable', fault: `${path} is no domain XML: ${parsed.fault}` };
}
