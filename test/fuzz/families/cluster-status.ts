/** The state of a cluster, as crm_mon tells it. */
import { statusOf } from '../../../host/pacemaker/cluster-status.ts';
import { readResult } from '../../../host/pacemaker/pacemaker-result.ts';
import { factsOf } from '../../../host/stonith/pacemaker/cluster-facts.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
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
