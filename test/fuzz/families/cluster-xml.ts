/** The documents of Pacemaker: the state of a cluster, its configuration and history. */
import { constraintsIn, isMoveConstraint } from '../../../host/pacemaker/cib-constraints.ts';
import { clusterPropertiesIn, isFencingEnabled, nodesIn } from '../../../host/pacemaker/cib-nodes.ts';
import { cibOf } from '../../../host/pacemaker/cib-query.ts';
import {
  clonesIn,
  primitivesIn,
  resourceDefaultsIn,
  virtualDomainsIn,
} from '../../../host/pacemaker/cib-resources.ts';
import { statusOf } from '../../../host/pacemaker/cluster-status.ts';
import { readResult } from '../../../host/pacemaker/pacemaker-result.ts';
import { historyIn, isUnended, migrationsIn } from '../../../host/pacemaker/resource-history.ts';
import { factsOf } from '../../../host/stonith/pacemaker/cluster-facts.ts';
import { changedSet, exactSet, valueIn, writableSet } from '../../../host/stonith/pacemaker/meta-set.ts';
import { isDoomed } from '../../../host/stonith/pacemaker/requester.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { descendantsNamed, type XmlElement } from '../../../host/xml/xml-element.ts';
import { type Family, law, lawfulWords } from '../family.ts';
import { smaller, XML_WORDS } from './samples.ts';
import { lawfulTree } from './xml-tree.ts';

const STATUS_WORDS = [
  ...[
    'true',
    'false',
    'active="true"',
    'nodes_running_on="',
    'role="Stopped"',
    'role="Started"',
    'managed="',
    'blocked="',
  ],
  ...[
    'online="',
    'unclean="',
    'pending="',
    '<node ',
    '<resource ',
    '<clone ',
    '<group ',
    '<status code="0"/>',
    'with_quorum="',
    'present="',
  ],
  ...[
    '<fence_event ',
    '<ban ',
    'orphaned="true"',
    'failed="true"',
    'target_role="',
    '<resources>',
    '<nodes>',
    'name="hostA"',
  ],
];

const ONLINE =
  'online="true" standby="false" maintenance="false" pending="false" unclean="false" shutdown="false" expected_up="true"';
const node = (name: string, attributes = ONLINE) =>
  `<node name="${name}" id="1" ${attributes} is_dc="true" type="member"/>`;
const resource = (id: string, rest: string) =>
  `<resource id="${id}" resource_agent="ocf:extra:VirtualDomain" active="true" blocked="false" managed="true" failed="false" ${rest}`;
const statusWith = (resources: string, more = '') =>
  `<pacemaker-result><summary><current_dc present="true" name="a" with_quorum="true"/><resources_configured number="1"/>` +
  `<cluster_options stonith-enabled="true" maintenance-mode="false" stop-all-resources="false"/></summary>` +
  `<nodes>${node('a')}</nodes><resources>${resources}</resources>${more}<status code="0"/></pacemaker-result>`;

export const clusterStatus: Family = {
  name: 'cluster-status',
  seeds: () => [
    statusWith(
      resource('p', 'role="Started" target_role="Started" nodes_running_on="1"><node name="a"/></resource>'),
    ),
    statusWith(resource('p', 'role="Stopped" orphaned="true" pending="Stopping" nodes_running_on="0"/>')),
    statusWith(`<clone id="c">${resource('p:0', 'role="Started" nodes_running_on="0"/>')}</clone>`),
    statusWith('', '<bans><ban id="b" resource="p" node="a"/></bans>'),
    statusWith('', '<fence_history><fence_event action="off" target="a" status="pending"/></fence_history>'),
    smaller('pacemaker/crm-mon-migrating.xml', 1),
    smaller('pacemaker/crm-mon-fenced.xml', 1),
  ],
  words: [...XML_WORDS, ...STATUS_WORDS],
  usualBytes: 2_500,
  longestBytes: 60_000,
  check(input, random) {
    const document = parseXml(input.toString('utf8'));
    if (!document.ok) return lawfulWords(document.fault, 'the fault of a document');
    const read = readResult(document.root, ['crm_mon'], (result) => ({ status: statusOf(result) }));
    if (!read.ok) {
      law(read.kind === 'unreadable', 'a fault of another kind', read);
      return lawfulWords(read.fault, 'the fault of a status');
    }
    const { status } = read;
    law(!status.hasQuorum || status.dc !== undefined, 'a quorum without a coordinator', status);
    for (const { id } of status.resources) lawfulFacts(id, status);
    lawfulTree(document.root, random);
  },
};

/** Of what was not asked, nothing may count as proof. */
function lawfulFacts(resource: string, status: ReturnType<typeof statusOf>): void {
  const history = new Map();
  const facts = factsOf({
    resource,
    status,
    history,
    hasMigrated: false,
    wasIdle: undefined,
    waitsIdly: false,
    sentTo: new Set(),
    savesMemory: false,
    configured: undefined,
  });
  law(facts.unsettled !== undefined, 'settled without a question');
  law(
    facts.nodes.every(({ tells }) => tells === 'nothing'),
    'a node tells without a history',
    facts.nodes,
  );
  law(
    status.resources.some((one) => one.id === resource && one.nodes.length > 0)
      ? facts.target?.activeOn.length !== 0
      : true,
    'it runs nowhere, and yet somewhere',
    facts,
  );
}

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
    for (const primitive of primitivesIn(root)) isDoomed(primitive.element);
    clonesIn(root);
    resourceDefaultsIn(root);
    nodesIn(root);
    isFencingEnabled(clusterPropertiesIn(root));
    constraintsIn(root).forEach(isMoveConstraint);
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
