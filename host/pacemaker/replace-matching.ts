/**
 * Replaces what an XPath finds, in one update that Pacemaker makes as a whole or not at all: `no-such-object` when the
 * XPath finds nothing, which makes it a comparison and an exchange in one (Pacemaker 2.1.5; creating and deleting by
 * XPath are not refused).
 */
import { printXml } from '../xml/print-xml.ts';
import type { XmlElement } from '../xml/xml-element.ts';
import { callPacemaker, type Pacemaker, type PacemakerFailure } from './pacemaker-call.ts';

export async function replaceMatching(
  pacemaker: Pacemaker,
  xpath: string,
  replacement: XmlElement,
): Promise<{ readonly ok: true } | PacemakerFailure> {
  const argv = ['cibadmin', '--replace', '--xpath', xpath, '--xml-pipe'];
  const answer = await callPacemaker(pacemaker, argv, { input: printXml(replacement) });
  return answer.ok ? { ok: true } : answer;
}
