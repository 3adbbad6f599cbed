/** Guests as XML for `cibadmin --modify --allow-create --scope configuration --xml-file`. */
import { printXml } from '../../xml/print-xml.ts';
import { xmlElement } from '../../xml/xml-element.ts';
import type { GuestDefinition } from '../definition/guest-definition.ts';
import { guestConstraints, guestPrimitive } from '../definition/guest-elements.ts';

export function xmlText(guests: readonly GuestDefinition[]): string {
  return printXml(
    xmlElement('configuration', {}, [
      xmlElement('resources', {}, guests.map(guestPrimitive)),
      xmlElement('constraints', {}, guests.flatMap(guestConstraints)),
    ]),
  );
}
