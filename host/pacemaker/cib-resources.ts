/** The resources of a CIB: primitives wherever they stand, with templates and references resolved. */
import { childrenNamed, elementAt, type XmlElement } from '../xml/xml-element.ts';
import { type ElementById, idIndex, type NamedValues, valuesIn } from './attribute-sets.ts';

export interface Primitive {
  readonly id: string;
  /** `ocf`, `systemd`, `stonith`, … */
  readonly class: string;
  /** `heartbeat`, `extra`, …; undefined for classes without providers. */
  readonly provider: string | undefined;
  readonly type: string;
  readonly instanceAttributes: NamedValues;
  /** Its own; what a group, a clone or the cluster's defaults add is not among them. */
  readonly metaAttributes: NamedValues;
  readonly operations: readonly Operation[];
  /** What it stands in, the outermost first. */
  readonly within: readonly Container[];
  readonly element: XmlElement;
}

export interface Operation {
  readonly name: string;
  readonly interval: string;
  readonly timeout: string | undefined;
  readonly onFail: string | undefined;
  readonly element: XmlElement;
}

export interface Container {
  readonly kind: 'group' | 'clone' | 'bundle';
  readonly id: string;
  readonly metaAttributes: NamedValues;
}

/** All primitives below `root`: a `<cib>`, a `<configuration>` or a `<resources>` section. */
export function primitivesIn(root: XmlElement): readonly Primitive[] {
  const section = resourcesSection(root);
  if (section === undefined) return [];
  const byId = idIndex(root);
  const found: Primitive[] = [];
  collect(section, [], byId, found);
  return found;
}

export function primitiveById(root: XmlElement, id: string): Primitive | undefined {
  return primitivesIn(root).find((primitive) => primitive.id === id);
}

export interface VirtualDomainResource {
  readonly id: string;
  /** The path of the domain's XML; undefined where the resource has lost its parameter. */
  readonly config: string | undefined;
  readonly hypervisor: string | undefined;
  readonly primitive: Primitive;
}

/** Every resource that is a virtual machine: any provider's `VirtualDomain`. */
export function virtualDomainsIn(root: XmlElement): readonly VirtualDomainResource[] {
  return primitivesIn(root)
    .filter((primitive) => primitive.class === 'ocf' && primitive.type === 'VirtualDomain')
    .map((primitive) => ({
      id: primitive.id,
      config: primitive.instanceAttributes.get('config'),
      hypervisor: primitive.instanceAttributes.get('hypervisor'),
      primitive,
    }));
}

export interface CloneResource {
  readonly id: string;
  readonly metaAttributes: NamedValues;
  readonly element: XmlElement;
}

export function clonesIn(root: XmlElement): readonly CloneResource[] {
  const byId = idIndex(root);
  return (resourcesSection(root)?.children ?? [])
    .filter((element) => containerKind(element) === 'clone')
    .map((element) => ({
      id: element.attributes['id'] ?? '',
      metaAttributes: valuesIn(element, 'meta_attributes', byId),
      element,
    }));
}

/** Meta attributes of every resource that says nothing else; of a `<cib>`. */
export function resourceDefaultsIn(cib: XmlElement): NamedValues {
  const defaults = elementAt(cib, 'configuration', 'rsc_defaults');
  return defaults === undefined ? new Map() : valuesIn(defaults, 'meta_attributes', idIndex(cib));
}

function resourcesSection(root: XmlElement): XmlElement | undefined {
  return [root, elementAt(root, 'resources'), elementAt(root, 'configuration', 'resources')].find(
    (element) => element?.name === 'resources',
  );
}

function collect(
  parent: XmlElement,
  within: readonly Container[],
  byId: ElementById,
  found: Primitive[],
): void {
  for (const child of parent.children) {
    if (child.name === 'primitive') found.push(primitiveOf(child, within, byId));
    const kind = containerKind(child);
    if (kind === undefined) continue;
    const metaAttributes = valuesIn(child, 'meta_attributes', byId);
    collect(child, [...within, { kind, id: child.attributes['id'] ?? '', metaAttributes }], byId, found);
  }
}

function containerKind(element: XmlElement): Container['kind'] | undefined {
  switch (element.name) {
    case 'group':
    case 'clone':
    case 'bundle':
      return element.name;
    case 'master':
      return 'clone';
    default:
      return undefined;
  }
}

function primitiveOf(element: XmlElement, within: readonly Container[], byId: ElementById): Primitive {
  const templateId = element.attributes['template'];
  const template = templateId === undefined ? undefined : byId(templateId);
  const agent = template ?? element;
  const values = (name: string) =>
    new Map([
      ...(template === undefined ? [] : valuesIn(template, name, byId)),
      ...valuesIn(element, name, byId),
    ]);
  return {
    id: element.attributes['id'] ?? '',
    class: agent.attributes['class'] ?? '',
    provider: agent.attributes['provider'],
    type: agent.attributes['type'] ?? '',
    instanceAttributes: values('instance_attributes'),
    metaAttributes: values('meta_attributes'),
    operations: operationsOf(element, template, byId),
    within,
    element,
  };
}

function operationsOf(
  element: XmlElement,
  template: XmlElement | undefined,
  byId: ElementById,
): readonly Operation[] {
  const operations = new Map<string, Operation>();
  for (const owner of [template, element]) {
    for (const list of owner === undefined ? [] : childrenNamed(owner, 'operations')) {
      const reference = list.attributes['id-ref'];
      const target = (reference === undefined ? undefined : byId(reference)) ?? list;
      for (const op of childrenNamed(target, 'op')) {
        const operation = operationOf(op);
        operations.set(`${operation.name} ${operation.interval}`, operation);
      }
    }
  }
  return [...operations.values()];
}

function operationOf(element: XmlElement): Operation {
  return {
    name: element.attributes['name'] ?? '',
    interval: element.attributes['interval'] ?? '0',
    timeout: element.attributes['timeout'],
    onFail: element.attributes['on-fail'],
    element,
  };
}
