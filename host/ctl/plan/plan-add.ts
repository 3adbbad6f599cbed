/** Plans `resource add`. */
import { isMisreadName } from '../../libvirt/misread-name.ts';
import { clusterPropertiesIn, isFencingEnabled, nodesIn } from '../../pacemaker/cib-nodes.ts';
import { clonesIn, primitivesIn, virtualDomainsIn } from '../../pacemaker/cib-resources.ts';
import { cibTextFault } from '../../pacemaker/cib-text.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import type { Facts } from '../cluster/facts.ts';
import type { RunningElsewhere } from '../cluster/running-elsewhere.ts';
import type { Settings } from '../config/settings.ts';
import { defineGuest, domainFile, type GuestDefinition } from '../definition/guest-definition.ts';
import { guestConstraints, guestPrimitive } from '../definition/guest-elements.ts';
import { type Message, message } from '../messages/message.ts';
import { editSection, takenIds, withConstraints } from './edit-cib.ts';
import { type MeantNames, meantNames, namesAsTheyAre, type WantedName } from './guest-names.ts';
import { nodeProblem } from './node-problem.ts';
import type { Plan } from './plan.ts';

export interface AddWish {
  readonly names: readonly WantedName[];
  readonly node: string;
  /** Undefined: as the settings say. */
  readonly isMigrationAllowed: boolean | undefined;
}

export function planAdd(wish: AddWish, facts: Facts, elsewhere: RunningElsewhere): Plan {
  const { cib, settings } = facts;
  const meant = meantDomains(wish.names, facts);
  const { isMigrationAllowed = settings.isMigrationAllowed } = wish;
  const taken = takenIds(cib.root);
  const files = new Map(virtualDomainsIn(cib.root).map(({ id, config }) => [config, id]));
  const problems = [...meant.problems, ...clusterProblems(wish.node, facts)];
  const guests: GuestDefinition[] = [];
  /** The others run in the cluster, where they do. */
  const unregistered: string[] = [];
  for (const domain of meant.names) {
    const guest = defineGuest({ domain, node: wish.node, isMigrationAllowed }, settings);
    const registered = registeredProblem(guest, taken, files.get(domainFile(domain, settings)));
    problems.push(...(registered === undefined ? guestProblems(guest, taken) : [registered]));
    if (registered === undefined) unregistered.push(domain);
    guests.push(guest);
  }
  const withResources = editSection(cib.root, 'resources', (all) => [...all, ...guests.map(guestPrimitive)]);
  return {
    problems,
    warnings: [
      ...attributeWarnings(settings, cib.root),
      ...unregistered.flatMap((domain) => runningWarnings(domain, facts, elsewhere)),
      ...(unregistered.length === 0 ? [] : unaskedWarnings(elsewhere)),
    ],
    notes: [],
    after: withConstraints(withResources, guests.flatMap(guestConstraints)),
    guests,
  };
}

/** Added, a guest is to be stopped, wherever Pacemaker finds it. */
function runningWarnings(guest: string, { domains }: Facts, { nodes }: RunningElsewhere): readonly Message[] {
  const node = nodes.get(guest);
  return [
    ...(domains?.get(guest) === true ? [message('domain-runs-now', { guest })] : []),
    ...(node === undefined ? [] : [message('domain-runs-elsewhere', { guest, node })]),
  ];
}

const unaskedWarnings = ({ unasked }: RunningElsewhere): readonly Message[] =>
  unasked.length === 0 ? [] : [message('hosts-not-looked-at', { nodes: unasked.join(', ') })];

function meantDomains(wanted: readonly WantedName[], { domains }: Facts): MeantNames {
  if (domains === undefined) return namesAsTheyAre(wanted);
  return meantNames(wanted, new Set(domains.keys()), (guest) =>
    message('domain-unknown-to-libvirt', { guest }),
  );
}

function clusterProblems(node: string, { cib, settings }: Facts): readonly Message[] {
  const problems: Message[] = [];
  if (settings.isFencingWanted && !isFencingEnabled(clusterPropertiesIn(cib.root))) {
    problems.push(message('fencing-is-off'));
  }
  const nodes = nodesIn(cib.root).map(({ name }) => name);
  if (!nodes.includes(node)) problems.push(nodeProblem(node, nodes));
  const clones = new Set(clonesIn(cib.root).map(({ id }) => id));
  for (const { clone, setting } of settings.dependencies) {
    if (!clones.has(clone)) problems.push(message('clone-missing', { clone, setting }));
  }
  return problems;
}

function registeredProblem(
  { domain, resource }: GuestDefinition,
  isTaken: (id: string) => boolean,
  userOfFile: string | undefined,
): Message | undefined {
  if (isTaken(resource)) return message('guest-registered', { guest: domain, resource });
  return userOfFile === undefined
    ? undefined
    : message('guest-registered-otherwise', { guest: domain, resource: userOfFile });
}

function guestProblems(guest: GuestDefinition, isTaken: (id: string) => boolean): readonly Message[] {
  const { domain } = guest;
  const fault = [domain, ...guest.parameters.map(({ value }) => value)].map(cibTextFault).find(Boolean);
  const ids = [guest.preference, ...guest.attributeRules, ...guest.colocations, ...guest.orders];
  return [
    ...nameProblems(domain),
    ...(fault === undefined ? [] : [message('name-impossible', { guest: domain, fault })]),
    ...ids.filter(({ id }) => isTaken(id)).map(({ id }) => message('id-taken', { guest: domain, id })),
  ];
}

/** What the agent would refuse to start. */
const nameProblems = (guest: string): readonly Message[] =>
  isMisreadName(guest) ? [message('name-misread', { guest })] : [];

/** An attribute may come later, with its daemon; until then no guest starts. */
function attributeWarnings({ dependencies }: Settings, cib: XmlElement): readonly Message[] {
  const words = new Set<string>();
  for (const { transientAttributes } of nodesIn(cib))
    for (const name of transientAttributes.keys()) words.add(name);
  for (const { instanceAttributes } of primitivesIn(cib)) {
    for (const value of instanceAttributes.values())
      for (const word of value.split(/[\s'"]+/)) words.add(word);
  }
  return dependencies.flatMap(({ attribute, setting }) =>
    attribute === undefined || words.has(attribute)
      ? []
      : [message('attribute-missing', { attribute, setting })],
  );
}

/** What `--format` prints: nobody is asked. */
export function definitionsOf(
  wish: AddWish,
  settings: Settings,
): { readonly guests: readonly GuestDefinition[]; readonly problems: readonly Message[] } {
  const { isMigrationAllowed = settings.isMigrationAllowed } = wish;
  const { names, problems } = namesAsTheyAre(wish.names);
  const guests = names.map((domain) =>
    defineGuest({ domain, node: wish.node, isMigrationAllowed }, settings),
  );
  return { guests, problems: [...problems, ...names.flatMap(nameProblems)] };
}
