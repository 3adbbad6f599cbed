/** The constraints of a CIB, and which of them are left by moves. */
import { elementAt, type XmlElement } from '../xml/xml-element.ts';

export type Constraint =
  | {
      readonly kind: 'location';
      readonly id: string;
      /** Undefined for a constraint on a pattern or a set of resources. */
      readonly resource: string | undefined;
      /** Undefined where rules choose the nodes. */
      readonly node: string | undefined;
      readonly score: string | undefined;
      readonly element: XmlElement;
    }
  | {
      readonly kind: 'colocation';
      readonly id: string;
      readonly resource: string | undefined;
      readonly withResource: string | undefined;
      readonly score: string | undefined;
      readonly element: XmlElement;
    }
  | {
      readonly kind: 'order';
      readonly id: string;
      readonly first: string | undefined;
      readonly second: string | undefined;
      readonly element: XmlElement;
    }
  | { readonly kind: 'other'; readonly id: string; readonly element: XmlElement };

/** Of a `<cib>`, a `<configuration>` or a `<constraints>` section. */
export function constraintsIn(root: XmlElement): readonly Constraint[] {
  const section = [
    root,
    elementAt(root, 'constraints'),
    elementAt(root, 'configuration', 'constraints'),
  ].find((element) => element?.name === 'constraints');
  return (section?.children ?? []).map(constraintOf);
}

function constraintOf(element: XmlElement): Constraint {
  const { attributes } = element;
  const id = attributes['id'] ?? '';
  switch (element.name) {
    case 'rsc_location':
      return {
        kind: 'location',
        id,
        resource: attributes['rsc'],
        node: attributes['node'],
        score: attributes['score'],
        element,
      };
    case 'rsc_colocation':
      return {
        kind: 'colocation',
        id,
        resource: attributes['rsc'],
        withResource: attributes['with-rsc'],
        score: attributes['score'],
        element,
      };
    case 'rsc_order':
      return { kind: 'order', id, first: attributes['first'], second: attributes['then'], element };
    default:
      return { kind: 'other', id, element };
  }
}

/** The ids that `crm_resource --move` and `--ban` give, so that `--clear` knows the constraint. */
export const moveConstraintId = (resource: string): string => `cli-prefer-${resource}`;
export const banConstraintId = (resource: string, node: string): string => `cli-ban-${resource}-on-${node}`;

/** Constraints that `crm_resource --move`, `--ban` and their kin leave behind. */
export function isMoveConstraint(constraint: Constraint): boolean {
  return constraint.kind === 'location' && /^cli-(?:prefer|ban|standby)-/.test(constraint.id);
}
