/**
 * Plans `host init`: adds what is wished for and not there yet. What is there under whatever id is kept as it is, and
 * named, so a second run changes nothing.
 */
import { constraintsIn } from '../../pacemaker/cib-constraints.ts';
import { clusterPropertiesIn, isFencingEnabled } from '../../pacemaker/cib-nodes.ts';
import { type Primitive, primitivesIn } from '../../pacemaker/cib-resources.ts';
import { cibTextFault } from '../../pacemaker/cib-text.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import type { Facts } from '../cluster/facts.ts';
import type { DependencyKind } from '../config/settings.ts';
import { type Message, message } from '../messages/message.ts';
import { editSection, takenIds, withConstraints } from '../plan/edit-cib.ts';
import type { Plan } from '../plan/plan.ts';
import {
  agentName,
  BRIDGE,
  type CloneDefinition,
  type Daemon,
  daemonClone,
  diskAttribute,
  diskClone,
  type HostWish,
  orderOf,
  PING_ATTRIBUTE,
  pingClone,
} from './host-definition.ts';
import { cloneElement, orderElement } from './host-elements.ts';
import { planStickiness } from './stickiness.ts';

/** What guests are to depend on: an entry of vm-ctl.conf. */
export interface Entry {
  readonly kind: DependencyKind;
  readonly clone: string;
  readonly attribute: string | undefined;
}

export interface HostPlan {
  readonly plan: Plan;
  readonly entries: readonly Entry[];
}

interface Found {
  readonly primitive: Primitive;
  /** Undefined where it stands in no clone, and so runs on one host only. */
  readonly clone: string | undefined;
  readonly attribute: string | undefined;
}

type Place =
  | { readonly kind: 'new'; readonly definition: CloneDefinition }
  | { readonly kind: 'kept'; readonly found: Found; readonly as: DependencyKind | undefined };

export function planHost(wish: HostWish, { cib }: Pick<Facts, 'cib'>): HostPlan {
  const existing = primitivesIn(cib.root);
  const places = placesOf(wish, existing);
  const isTaken = takenIds(cib.root);
  const added = places.flatMap((place) => (place.kind === 'new' ? [place.definition] : []));
  const orders = missingOrders(wish, existing, cib.root);
  const texts = added.flatMap(({ parameters }) => parameters.map(({ value }) => value));
  const stickiness = planStickiness(cib.root);
  const problems = [
    ...places.flatMap(placeProblems),
    ...stickiness.problems,
    ...added
      .flatMap(({ clone, primitive }) => [clone, primitive])
      .concat(orders.map(({ id }) => id))
      .filter(isTaken)
      .map((id) => message('host-id-taken', { id })),
    ...texts.flatMap((text) => {
      const fault = cibTextFault(text);
      return fault === undefined ? [] : [message('plain', { text: fault })];
    }),
  ];
  const withClones = editSection(stickiness.after, 'resources', (all) => [
    ...all,
    ...added.map(cloneElement),
  ]);
  return {
    plan: {
      problems,
      warnings: warningsOf(wish, existing, cib.root),
      notes: [...places.map((place) => noteOf(place, wish)), stickiness.note],
      after: withConstraints(withClones, orders.map(orderElement)),
      guests: [],
    },
    entries: places.flatMap(entryOf),
  };
}

function placesOf({ ping, disks, daemons }: HostWish, existing: readonly Primitive[]): readonly Place[] {
  const places: Place[] = [];
  const put = (found: Found | undefined, as: DependencyKind | undefined, make: () => CloneDefinition) =>
    places.push(found === undefined ? { kind: 'new', definition: make() } : { kind: 'kept', found, as });
  if (ping.length > 0) put(findPing(existing), 'pingd', () => pingClone(ping));
  const numbers = freeDiskNumbers(existing);
  for (const device of disks) {
    put(findDisk(existing, device), 'diskd', () => diskClone(device, numbers.next().value));
  }
  if (daemons.length > 0) {
    for (const daemon of [BRIDGE, ...daemons] as const) {
      const definition = daemonClone(daemon);
      put(findDaemon(existing, daemon), definition.kind, () => definition);
    }
  }
  return places;
}

function foundIn(primitive: Primitive, attribute: string | undefined): Found {
  return { primitive, clone: primitive.within.find(({ kind }) => kind === 'clone')?.id, attribute };
}

/** `pingd` is what it was called in Pacemaker 1.0. */
function findPing(existing: readonly Primitive[]): Found | undefined {
  const ping = existing.find(
    ({ type, instanceAttributes }) =>
      /^pingd?$/.test(type) && (instanceAttributes.get('name') ?? 'pingd') === PING_ATTRIBUTE,
  );
  return ping && foundIn(ping, PING_ATTRIBUTE);
}

function findDisk(existing: readonly Primitive[], device: string): Found | undefined {
  const disk = existing.find(
    ({ type, instanceAttributes }) => type === 'diskd' && instanceAttributes.get('device') === device,
  );
  return disk && foundIn(disk, disk.instanceAttributes.get('name') ?? diskAttribute(1));
}

/** As a unit of systemd, or under version 1's agent that runs any program. */
function findDaemon(existing: readonly Primitive[], daemon: Daemon | typeof BRIDGE): Found | undefined {
  const found = existing.find(
    ({ class: standard, type, instanceAttributes }) =>
      (standard === 'systemd' && type.replace(/\.service$/, '') === daemon) ||
      instanceAttributes.get('binfile')?.split('/').at(-1) === daemon,
  );
  return found && foundIn(found, undefined);
}

/** A number is free when neither its ids nor its attribute is used. */
function* freeDiskNumbers(existing: readonly Primitive[]): Generator<number, never> {
  const used = new Set(
    existing.flatMap(({ id, instanceAttributes, within }) => [
      id,
      instanceAttributes.get('name'),
      ...within.map((container) => container.id),
    ]),
  );
  for (let number = 1; ; number++) {
    if (![`diskCheck${number}`, `clnDiskd${number}`, diskAttribute(number)].some((word) => used.has(word))) {
      yield number;
    }
  }
}

function missingOrders(wish: HostWish, existing: readonly Primitive[], cib: XmlElement) {
  const cloneOf = (daemon: Daemon | typeof BRIDGE) =>
    findDaemon(existing, daemon)?.clone ?? daemonClone(daemon).clone;
  const present = constraintsIn(cib);
  return wish.daemons
    .map((daemon) => orderOf(cloneOf(BRIDGE), cloneOf(daemon)))
    .filter(
      ({ first, second }) =>
        !present.some((one) => one.kind === 'order' && one.first === first && one.second === second),
    );
}

function placeProblems(place: Place): readonly Message[] {
  if (place.kind === 'new' || place.found.clone !== undefined) return [];
  return [message('host-not-cloned', { id: place.found.primitive.id })];
}

function noteOf(place: Place, wish: HostWish): Message {
  if (place.kind === 'new') {
    const { clone, agent, parameters } = place.definition;
    const values = parameters.map(({ name, value }) => `${name}="${value}"`).join(' ');
    return message('host-clone-new', { clone, agent: `${agentName(agent)} ${values}`.trim() });
  }
  const { primitive, clone } = place.found;
  const addresses = primitive.instanceAttributes.get('host_list');
  if (place.as === 'pingd' && !isSameList(addresses, wish.ping)) {
    const values = {
      clone: clone ?? '-',
      id: primitive.id,
      present: addresses ?? '-',
      wished: wish.ping.join(' '),
    };
    return message('host-ping-kept', values);
  }
  return message('host-clone-kept', { clone: clone ?? '-', id: primitive.id });
}

const isSameList = (text = '', words: readonly string[]) =>
  text.trim().split(/\s+/).toSorted().join(' ') === words.toSorted().join(' ');

function entryOf(place: Place): readonly Entry[] {
  if (place.kind === 'new') {
    const { kind, clone, attribute } = place.definition;
    return kind === undefined ? [] : [{ kind, clone, attribute }];
  }
  const { clone, attribute } = place.found;
  return place.as === undefined || clone === undefined ? [] : [{ kind: place.as, clone, attribute }];
}

function warningsOf(wish: HostWish, existing: readonly Primitive[], cib: XmlElement): readonly Message[] {
  const hasDisk = wish.disks.length > 0 || existing.some(({ type }) => type === 'diskd');
  return [
    ...(isFencingEnabled(clusterPropertiesIn(cib)) ? [] : [message('fencing-is-off')]),
    ...(wish.ping.length > 0 || findPing(existing) !== undefined ? [] : [message('host-no-ping')]),
    ...(hasDisk ? [] : [message('host-no-disk')]),
  ];
}
