/**
 * The guest that asks, as a resource of the host cluster. Of guests that ask for one another's death at once only those
 * may be heard that live themselves: the order for one is refused by Pacemaker, in the same update that would have given
 * it, while the asker stands under such an order or is stopped. So of a circle of guests one is always left. Pure.
 *
 * A guest is known by its name, and its resource by the id that vm-ctl gives it, or by its XML file of that name.
 */
import { xpathLiteral } from '../../pacemaker/cib-query.ts';
import { childrenNamed, type XmlElement } from '../../xml/xml-element.ts';
import { parseRecord, RECORD_ATTRIBUTE } from '../decide/record.ts';
import { TARGET_ROLE, valueIn } from './meta-set.ts';

/** Finds it; for a guest that fences itself, nothing. */
export function requesterXPath(guest: string, target: string): string {
  const file = `instance_attributes/nvpair[@name="config"][contains(concat(@value, "|"), ${xpathLiteral(`/${guest}.xml|`)})]`;
  const isIt = `[@id=${xpathLiteral(`prmVMCTL_${guest}`)} or ${file}]`;
  return `//resources//primitive${isIt}[not(@id=${xpathLiteral(target)})]`;
}

/** Holds, as a predicate, while no order to stop it stands. */
export function requesterLives(guest: string, target: string): string {
  const order = `nvpair[@name="${RECORD_ATTRIBUTE}"][not(starts-with(@value, "on:"))]`;
  const stopped = `nvpair[@name="${TARGET_ROLE}"][@value="Stopped"]`;
  return `[not(${requesterXPath(guest, target)}/meta_attributes[${order} or ${stopped}])]`;
}

export function isDoomed(requester: XmlElement): boolean {
  return childrenNamed(requester, 'meta_attributes').some((set) => {
    const record = parseRecord(valueIn(set, RECORD_ATTRIBUTE) ?? '');
    return valueIn(set, TARGET_ROLE) === 'Stopped' || (record !== undefined && record.operation !== 'on');
  });
}
