/** The configuration of a cluster, and the history in it. */
import { guestsIn } from '../../../host/ctl/cluster/guests.ts';
import { constraintsIn, isMoveConstraint } from '../../../host/pacemaker/cib-constraints.ts';
import { clusterPropertiesIn, isFencingEnabled, nodesIn } from '../../../host/pacemaker/cib-nodes.ts';
import { cibOf } from '../../../host/pacemaker/cib-query.ts';
import {
  clonesIn,
  primitivesIn,
  resourceDefaultsIn,
  virtualDomainsIn,
} from '../../../host/pacemaker/cib-resources.ts';
import { historyIn, isUnended, migrationsIn } from '../../../host/pacemaker/resource-history.ts';
import { definitionIn } from '../../../host/stonith/pacemaker/definitions.ts';
import {
  changedSet,
  exactSet,
  type MetaChanges,
  valueIn,
  writableSet,
} from '../../../host/stonith/pacemaker/meta-set.ts';
import { isDoomed } from '../../../host/stonith/pacemaker/requester.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import {
  childrenNamed,
  descendantsNamed,
  elementAt,
  withChildren,
  type XmlElement,
} from '../../../host/xml/xml-element.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';
import { smaller, XML_WORDS } from './samples.ts';
import { lawfulTree } from './xml-tree.ts';

const PRIMITIVE =
  '<primitive id="p" class="ocf" provider="extra" type="VirtualDomain"><instance_attributes id="p-i"><nvpair id="p-c" name="config" value="/g.xml"/></instance_attributes>' +
  '<meta_attributes id="p-m" score="5"><nvpair id="p-r" name="target-role" value="Stopped"/><nvpair id="p-v" name="vm-stonithd" value="off:1:g:h:-:a:b"/></meta_attributes>' +
  '<operations><op id="o" name="stop" interval="0" timeout="90s"/></operations></primitive>';
const HISTORY =
  '<status><node_state id="1" uname="a"><lrm><lrm_resources><lrm_resource id="p">' +
  '<lrm_rsc_op id="l" operation="stop" on_node="a" call-id="4" rc-code="0" op-status="0" interval="0"/></lrm_resource></lrm_resources></lrm>' +
  '<transient_attributes id="1"><instance_attributes id="s"><nvpair id="n" name="force_stop-p" value="true"/></instance_attributes></transient_attributes></node_state></status>';
const cibWith = (resources: string, constraints = '', status = '') =>
  `<cib admin_epoch="0" epoch="3" num_updates="1" have-quorum="1"><configuration><crm_config/><nodes><node id="1" uname="a"/></nodes>` +
  `<resources>${resources}</resources><constraints>${constraints}</constraints></configuration>${status}</cib>`;

export const cib: Family = {
  name: 'cib',
  seeds: () => [
    cibWith(PRIMITIVE),
    cibWith(
      '<template id="t" class="ocf" type="VirtualDomain"/><primitive id="p" template="t"><meta_attributes id-ref="p-m"/></primitive>',
    ),
    cibWith(`${PRIMITIVE}${PRIMITIVE.replace('id="p"', 'id="q"')}`),
    cibWith(`<group id="g"><meta_attributes id="m"/>${PRIMITIVE}</group>`),
    cibWith(
      '<clone id="c"><primitive id="p" class="ocf" type="x"/></clone>',
      '<rsc_location id="cli-prefer-p" rsc="p" node="a" score="INFINITY"/>',
    ),
    cibWith(
      '',
      '<rsc_order id="o" first="a" then="b"/><rsc_colocation id="k" rsc="a" with-rsc="b" score="-INFINITY"/>',
      HISTORY,
    ),
    cibWith(PRIMITIVE, '', HISTORY),
    smaller('pacemaker/cib.xml', 1),
  ],
  words: [
    ...XML_WORDS,
    ...[
      '<primitive ',
      '<nvpair ',
      '<meta_attributes ',
      ' id-ref="p-m"',
      ' template="t"',
      ' score="',
      'INFINITY',
      '-INFINITY',
      '<rule/>',
      PRIMITIVE,
    ],
    ...[
      'name="target-role"',
      'name="vm-stonithd"',
      'value="Stopped"',
      'value="off:1:g:h:-:a"',
      '<lrm_rsc_op ',
      'call-id="',
      'rc-code="',
    ],
    ...[
      'op-status="-1"',
      'operation="migrate_from"',
      'on_node="a"',
      '<clone>',
      '<group>',
      '<bundle>',
      '<master>',
      'epoch="',
      '<node_state ',
    ],
  ],
  usualBytes: 1_500,
  longestBytes: 60_000,
  check(input, random) {
    const document = parseXml(input.toString('utf8'));
    if (!document.ok) return lawfulWords(document.fault, 'the fault of a document');
    const { root } = document;
    const read = cibOf(root);
    if (read !== undefined)
      law(
        Object.values(read.version).every((count) => count >= 0),
        'a version without numbers',
        read.version,
      );
    for (const { primitive } of virtualDomainsIn(root)) lawfulSet(primitive.element);
    for (const primitive of primitivesIn(root)) lawfulDoom(primitive.element);
    lawfulReading(root);
    lawfulTwins(root);
    lawfulHistory(root);
    lawfulTree(root, random);
  },
};

/** What is written into a set is found in it again, and nothing else of it changes. */
function lawfulSet(primitive: XmlElement): void {
  const set = writableSet(primitive);
  if (set === undefined) return;
  const changed = changedSet(set, { 'target-role': 'Started', 'vm-stonithd': undefined });
  law(valueIn(changed, 'target-role') === 'Started', 'a role that was set is not there', changed);
  law(valueIn(changed, 'vm-stonithd') === undefined, 'a record that was removed is there', changed);
  law(exactSet('p', set).startsWith('//primitive'), 'no XPath');
}

/** Doomed is what is to be stopped, by a role or a record, in any of its sets: and nothing else dooms it. */
function lawfulDoom(primitive: XmlElement): void {
  const withSets = (changes: MetaChanges) =>
    withChildren(
      primitive,
      primitive.children.map((child) =>
        child.name === 'meta_attributes' ? changedSet(child, changes) : child,
      ),
    );
  const spared = { 'target-role': undefined, 'vm-stonithd': undefined };
  law(!isDoomed(withSets(spared)), 'it is doomed by nothing', primitive);
  law(!isDoomed(withSets({ ...spared, 'target-role': 'Started' })), 'it is doomed by its start', primitive);
  if (!primitive.children.some(({ name }) => name === 'meta_attributes')) return;
  law(isDoomed(withSets({ ...spared, 'target-role': 'Stopped' })), 'an order spares it', primitive);
  law(isDoomed(withSets({ ...spared, 'vm-stonithd': 'off:1:g:h:-:a' })), 'a record spares it', primitive);
}

/** Of two that start the same machine, and say so themselves, each knows of another one; and one that is alone of none. */
function lawfulTwins(root: XmlElement): void {
  const configuration = elementAt(root, 'configuration');
  if (configuration === undefined) return;
  const sections = configuration.children.filter(({ name }) => name === 'resources');
  const all = sections.flatMap((section) => [...descendantsNamed(section, 'primitive')]);
  const ids = all.map(({ attributes }) => attributes['id']);
  const isPlain =
    new Set(ids).size === ids.length &&
    ![...descendantsNamed(configuration, 'instance_attributes', 'nvpair')].some(
      ({ attributes }) => attributes['id-ref'] !== undefined,
    );
  const configs = all.map(ownConfigs);
  for (const [index, id] of ids.entries()) {
    if (id === undefined) continue;
    const { twin } = definitionIn(configuration, id);
    law(twin === undefined || (twin !== id && ids.includes(twin)), 'a twin from nowhere', id, twin);
    const isShared = configs.some(
      (theirs, other) =>
        other !== index && ids[other] !== undefined && theirs.some((file) => configs[index]?.includes(file)),
    );
    if (isPlain && isShared)
      law(twin !== undefined, 'two start one machine, and do not know it', id, configs);
  }
}

const ownConfigs = (primitive: XmlElement): readonly string[] =>
  childrenNamed(primitive, 'instance_attributes')
    .flatMap((set) => childrenNamed(set, 'nvpair'))
    .flatMap(({ attributes }) => (attributes['name'] === 'config' ? (attributes['value'] ?? []) : []));

/** What is read of a configuration stands in it, and what stands there is read. */
function lawfulReading(root: XmlElement): void {
  const all = [...descendantsNamed(root, 'nvpair')];
  const names = new Set(all.map(({ attributes }) => attributes['name']));
  const values = new Set(all.map(({ attributes }) => attributes['value']));
  const lawfulValues = (found: ReadonlyMap<string, string>) => {
    for (const [name, value] of found)
      law(names.has(name) && values.has(value), 'a value from nowhere', name, value);
  };
  const childrenAt = (...path: readonly string[]) =>
    elementAt(root, 'configuration', ...path)?.children ?? [];
  const nodes = nodesIn(root);
  same(
    nodes.map(({ id, name }) => [id, name]),
    childrenAt('nodes').flatMap(({ name, attributes }) =>
      name === 'node' ? [[attributes['id'] ?? '', attributes['uname'] ?? '']] : [],
    ),
    'other nodes than stand there',
  );
  for (const { permanentAttributes, transientAttributes } of nodes)
    for (const found of [permanentAttributes, transientAttributes]) lawfulValues(found);
  const properties = clusterPropertiesIn(root);
  for (const found of [properties, resourceDefaultsIn(root)]) lawfulValues(found);
  const fencing = properties.get('fencing-enabled') ?? properties.get('stonith-enabled') ?? 'true';
  const isOn = ['1', 'true', 'on', 'yes', 'y'].includes(fencing.toLowerCase());
  law(isFencingEnabled(properties) === isOn, 'fencing is on where it is off, or off', properties);
  for (const { id, metaAttributes, element } of clonesIn(root)) {
    law(element.name === 'clone' || element.name === 'master', 'a clone that is none', element.name);
    law(id === (element.attributes['id'] ?? ''), 'a clone of another name', id);
    lawfulValues(metaAttributes);
  }
  for (const { id, resource, domain } of guestsIn(root).map((guest) => ({
    ...guest,
    id: guest.primitive.id,
  })))
    law(id === resource && resource.includes(domain), 'a guest of another resource', id, resource, domain);
  if (root.name === 'cib') lawfulConstraints(root);
}

function lawfulConstraints(root: XmlElement): void {
  const constraints = constraintsIn(root);
  const elements =
    elementAt(root, 'constraints')?.children ?? elementAt(root, 'configuration', 'constraints')?.children;
  same(
    constraints.map(({ element }) => element),
    elements ?? [],
    'other constraints than stand there',
  );
  for (const constraint of constraints) {
    const { id, element } = constraint;
    const isLeft =
      element.name === 'rsc_location' &&
      ['cli-prefer-', 'cli-ban-', 'cli-standby-'].some((start) => id.startsWith(start));
    law(isMoveConstraint(constraint) === isLeft, 'a constraint is taken for one that a move has left', id);
  }
}

function lawfulHistory(root: XmlElement): void {
  const history = historyIn([...descendantsNamed(root, 'lrm_resource')]);
  if (!history.ok) {
    lawfulWords(history.fault, 'the fault of a history');
    return;
  }
  migrationsIn(history.nodes);
  for (const node of history.nodes.values()) {
    const isBusy = node.operations.some(({ isPending }) => isPending);
    law(!isBusy || node.state === 'pending', 'something is under way, and yet it is at rest', node);
    const last = node.operations.reduce((one, other) => (other.callId > one.callId ? other : one));
    const hasStopped =
      last.exitCode === 0 ? last.operation === 'stop' : last.exitCode === 7 && last.operation === 'monitor';
    law(node.state !== 'stopped' || hasStopped, 'stopped, by what is no stop', node);
    isUnended(node);
  }
}
