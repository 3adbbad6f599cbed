/** Nodes and cluster properties of a CIB: what the configuration says, and the attributes of the status section. */
import { childrenNamed, elementAt, type XmlElement } from '../xml/xml-element.ts';
import { idIndex, isTrue, type NamedValues, valuesIn } from './attribute-sets.ts';

export interface CibNode {
  readonly id: string;
  readonly name: string;
  /** Kept in the configuration: `standby`, `maintenance`, what admins set. */
  readonly permanentAttributes: NamedValues;
  /** Kept by pacemaker-attrd while the node is up. */
  readonly transientAttributes: NamedValues;
}

/** The cluster's nodes, of a whole `<cib>`; remote nodes and guest nodes are not among them. */
export function nodesIn(cib: XmlElement): readonly CibNode[] {
  const byId = idIndex(cib);
  const nodes = elementAt(cib, 'configuration', 'nodes');
  const transient = transientAttributesIn(cib);
  return (nodes === undefined ? [] : childrenNamed(nodes, 'node')).map((node) => {
    const name = node.attributes['uname'] ?? '';
    return {
      id: node.attributes['id'] ?? '',
      name,
      permanentAttributes: valuesIn(node, 'instance_attributes', byId),
      transientAttributes: transient.get(name) ?? new Map(),
    };
  });
}

/** Per node name, of a `<cib>` or of its `<status>`. */
export function transientAttributesIn(root: XmlElement): ReadonlyMap<string, NamedValues> {
  const status = root.name === 'status' ? root : elementAt(root, 'status');
  const byId = idIndex(root);
  const attributes = new Map<string, NamedValues>();
  for (const state of status === undefined ? [] : childrenNamed(status, 'node_state')) {
    const own = elementAt(state, 'transient_attributes');
    const values = own === undefined ? new Map<string, string>() : valuesIn(own, 'instance_attributes', byId);
    attributes.set(state.attributes['uname'] ?? '', values);
  }
  return attributes;
}

/** The cluster's options as they are written; what isn't written has Pacemaker's default. */
export function clusterPropertiesIn(cib: XmlElement): NamedValues {
  const config = elementAt(cib, 'configuration', 'crm_config');
  return config === undefined ? new Map() : valuesIn(config, 'cluster_property_set', idIndex(cib));
}

/** Fencing is on unless it is turned off; Pacemaker 3.0 also calls it `fencing-enabled`. */
export function isFencingEnabled(properties: NamedValues): boolean {
  const value = properties.get('fencing-enabled') ?? properties.get('stonith-enabled');
  return value === undefined || isTrue(value);
}
