/** The guests that vm-ctl has put into a configuration, and what the configuration says of them. Pure. */
import { isTrue } from '../../pacemaker/attribute-sets.ts';
import { type Constraint, constraintsIn, isMoveConstraint } from '../../pacemaker/cib-constraints.ts';
import { type Primitive, primitivesIn } from '../../pacemaker/cib-resources.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import { domainOfResource } from '../definition/guest-ids.ts';

export interface Guest {
  readonly domain: string;
  readonly resource: string;
  readonly isMigrationAllowed: boolean;
  readonly targetRole: string | undefined;
  readonly preference: GuestPreference | undefined;
  /** Ids of what `move` and its kin of other tools left. */
  readonly moveConstraints: readonly string[];
  readonly primitive: Primitive;
}

export interface GuestPreference {
  readonly id: string;
  readonly node: string;
  readonly score: string;
}

/** Of a `<cib>`, in the order of their names. */
export function guestsIn(cib: XmlElement): readonly Guest[] {
  const locations = new Map<string, Constraint[]>();
  for (const constraint of constraintsIn(cib)) {
    if (constraint.kind !== 'location' || constraint.resource === undefined) continue;
    const own = locations.get(constraint.resource);
    if (own === undefined) locations.set(constraint.resource, [constraint]);
    else own.push(constraint);
  }
  return primitivesIn(cib)
    .flatMap((primitive) => {
      const domain = domainOfResource(primitive.id);
      return domain === undefined ? [] : [guestOf(domain, primitive, locations.get(primitive.id) ?? [])];
    })
    .sort((one, other) => (one.domain < other.domain ? -1 : 1));
}

function guestOf(domain: string, primitive: Primitive, constraints: readonly Constraint[]): Guest {
  return {
    domain,
    resource: primitive.id,
    isMigrationAllowed: isTrue(primitive.metaAttributes.get('allow-migrate')),
    targetRole: primitive.metaAttributes.get('target-role'),
    preference: constraints.map(preferenceOf).find((found) => found !== undefined),
    moveConstraints: constraints.filter(isMoveConstraint).map(({ id }) => id),
    primitive,
  };
}

function preferenceOf(constraint: Constraint): GuestPreference | undefined {
  if (constraint.kind !== 'location' || constraint.node === undefined) return undefined;
  if (!/^locVMCTL_.*_ACT$/.test(constraint.id)) return undefined;
  return { id: constraint.id, node: constraint.node, score: constraint.score ?? '0' };
}
