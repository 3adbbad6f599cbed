/**
 * The ids that a guest has in the cluster's configuration.
 *
 * An id is an XML name, a domain's name may be nearly anything. What an id can't hold is written `_xHHHH_` (its code
 * in hexadecimal, as SQL/XML does), and so is the `_` of a name that happens to look like that: two domains never
 * share an id, and the domain can be read back from it. Ordinary names stay as they are.
 */

const RESOURCE_PREFIX = 'prmVMCTL_';

/** XML would take more characters; pcs takes no other. */
const TO_ESCAPE = /[^-.0-9A-Z_a-z]|_(?=x[0-9A-F]{4})/gu;
const ESCAPE = /_x([0-9A-F]{4,6})_/g;

function idPart(name: string): string {
  return name.replace(TO_ESCAPE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `_x${code.toString(16).toUpperCase().padStart(4, '0')}_`;
  });
}

function nameInId(part: string): string {
  return part.replace(ESCAPE, (whole, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

export const resourceId = (domain: string): string => `${RESOURCE_PREFIX}${idPart(domain)}`;

/** Undefined for a resource that vm-ctl has not made. */
export function domainOfResource(resource: string): string | undefined {
  if (!resource.startsWith(RESOURCE_PREFIX) || resource.length === RESOURCE_PREFIX.length) return undefined;
  return nameInId(resource.slice(RESOURCE_PREFIX.length));
}

export const preferenceId = (domain: string, node: string): string =>
  `locVMCTL_${idPart(domain)}_${idPart(node)}_ACT`;
export const attributeRuleId = (domain: string, attribute: string): string =>
  `locVMCTL_${idPart(domain)}_${idPart(attribute)}`;
export const colocationId = (domain: string, clone: string): string =>
  `colVMCTL_${idPart(domain)}_${idPart(clone)}`;
export const orderId = (domain: string, clone: string): string =>
  `odrVMCTL_${idPart(domain)}_${idPart(clone)}`;
