/** The law of every document that is read as a tree. */
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { printXml } from '../../../host/xml/print-xml.ts';
import type { XmlElement } from '../../../host/xml/xml-element.ts';
import type { Random } from '../../support/random.ts';
import { law, same } from '../family.ts';

/** Reading it once more costs as much as all the rest. */
const PRINTED_SHARE = 0.2;

export function lawfulTree(root: XmlElement, random: Random): void {
  if (random.next() >= PRINTED_SHARE) return;
  const again = parseXml(printXml(root));
  law(again.ok, 'what is printed is no XML', again);
  same(again.root, root, 'printed and read again it is another tree');
}
