/**
 * What keeps a guest where `resource move` has brought it. A guest prefers a node (vm_node_loc_act), and without
 * stickiness it would go straight back when the constraint of the move is gone. Pure.
 */
import { resourceDefaultsIn } from '../../pacemaker/cib-resources.ts';
import { elementAt, withChildren, type XmlElement, xmlElement } from '../../xml/xml-element.ts';
import { type Message, message } from '../messages/message.ts';
import { editSection, takenIds } from '../plan/edit-cib.ts';

export const STICKINESS = { name: 'resource-stickiness', value: 'INFINITY' } as const;

/** The set that crm_attribute makes, too. */
export const DEFAULTS_SET = 'rsc_defaults-options';

export interface StickinessPlan {
  readonly problems: readonly Message[];
  readonly note: Message;
  readonly after: XmlElement;
}

/** A value that is there is somebody's choice. */
export function planStickiness(cib: XmlElement): StickinessPlan {
  const present = resourceDefaultsIn(cib).get(STICKINESS.name);
  if (present !== undefined) {
    return { problems: [], note: message('host-stickiness-kept', { value: present }), after: cib };
  }
  const section = elementAt(cib, 'configuration', 'rsc_defaults');
  const own = section?.children.find(({ attributes }) => attributes['id'] === DEFAULTS_SET);
  const isTaken = takenIds(cib);
  const ids = own === undefined ? [DEFAULTS_SET, PAIR_ID] : [PAIR_ID];
  return {
    problems: ids.filter(isTaken).map((id) => message('host-id-taken', { id })),
    note: message('host-stickiness-new', { value: STICKINESS.value }),
    after: editSection(cib, 'rsc_defaults', (sets) =>
      own === undefined
        ? [...sets, stickinessSet()]
        : sets.map((set) => (set === own ? withChildren(own, [...own.children, pair()]) : set)),
    ),
  };
}

export const stickinessSet = (): XmlElement => xmlElement('meta_attributes', { id: DEFAULTS_SET }, [pair()]);

const PAIR_ID = `${DEFAULTS_SET}-${STICKINESS.name}`;
const pair = () => xmlElement('nvpair', { ...STICKINESS, id: PAIR_ID });
