/** What Pacemaker's tools print, read by whoever calls them: the tool itself is played, and prints the input. */
import { queryCibVersion } from '../../../host/pacemaker/cib-query.ts';
import { queryDcState } from '../../../host/pacemaker/dc-state.ts';
import { queryAllNodeAttributes, queryNodeAttribute } from '../../../host/pacemaker/node-attributes.ts';
import type { Pacemaker, PacemakerFailure } from '../../../host/pacemaker/pacemaker-call.ts';
import { simulateLive } from '../../../host/pacemaker/simulate.ts';
import { readHistory } from '../../../host/stonith/pacemaker/target-in-cib.ts';
import type { Random } from '../../support/random.ts';
import { type Family, law, lawfulWords } from '../family.ts';
import { XML_WORDS } from './samples.ts';

type Query = (pacemaker: Pacemaker) => Promise<{ readonly ok: true } | PacemakerFailure>;

const QUERIES: readonly Query[] = [
  queryCibVersion,
  queryDcState,
  (pacemaker) => queryNodeAttribute(pacemaker, 'default_ping_set'),
  queryAllNodeAttributes,
  (pacemaker) => readHistory(pacemaker, 'p'),
  simulateLive,
];
/** Of a tool that fails: its words, too, are what it printed. */
const FAILING_SHARE = 0.1;
const EXIT_STATUSES = [1, 6, 78, 102, 105, 124];

const resultOf = (inner: string) => `<pacemaker-result>${inner}<status code="0"/></pacemaker-result>`;

export const clusterTools: Family = {
  name: 'cluster-tools',
  seeds: () => [
    resultOf('<dc node_name="a"/>'),
    resultOf('<crmd state="S_IDLE"/><dc node_name=""/>'),
    resultOf('<attribute name="default_ping_set" host="a" value="100"/>'),
    resultOf(
      '<cluster_status/><allocations><node_weight id="p" node="a" score="-INFINITY"/></allocations><actions><rsc_action action="Move" resource="p" source="a" dest="b"/></actions>',
    ),
    '<pacemaker-result><status code="105" message="x"><errors><error>cibadmin: no such device</error></errors></status></pacemaker-result>',
    '<xpath-query><node id="1" uname="a"/><transient_attributes id="1"><instance_attributes id="s"><nvpair id="n" name="x" value="y"/></instance_attributes></transient_attributes></xpath-query>',
    '<lrm_resource id="p"><lrm_rsc_op operation="start" on_node="a" call-id="4" rc-code="0" op-status="0" interval="0"/></lrm_resource>',
    '<cib admin_epoch="0" epoch="3" num_updates="1" have-quorum="1"/>',
  ],
  words: [
    ...XML_WORDS,
    ...[
      '<status code="0"/>',
      '<errors><error>',
      '</error></errors>',
      'host="',
      'score="',
      'INFINITY',
      '<xpath-query>',
      '</xpath-query>',
      'uname="a"',
    ],
  ],
  usualBytes: 600,
  longestBytes: 60_000,
  check(input, random) {
    return lawfulAnswer(input.toString('utf8'), random);
  },
};

async function lawfulAnswer(stdout: string, random: Random): Promise<void> {
  const exitCode = random.next() < FAILING_SHARE ? random.pick(EXIT_STATUSES) : 0;
  const pacemaker: Pacemaker = {
    run: async () => ({ kind: 'exited', exitCode, stdout, stderr: '', elapsedMs: 1 }),
    deadlineMs: 1_000,
  };
  const answer = await random.pick(QUERIES)(pacemaker);
  if (!answer.ok) lawfulWords(answer.fault, 'the fault of a tool');
  law(
    exitCode === 0 || !answer.ok || stdout === '' || exitCode !== 102,
    'a cluster that is away has answered',
    answer,
  );
}
