/** What Pacemaker's tools print, read by whoever calls them: the tool itself is played, and prints the input. */
import { queryCib, queryCibSection, queryCibVersion } from '../../../host/pacemaker/cib-query.ts';
import { queryDcState } from '../../../host/pacemaker/dc-state.ts';
import { queryAttributesOf } from '../../../host/pacemaker/local-attributes.ts';
import { queryAllNodeAttributes, queryNodeAttribute } from '../../../host/pacemaker/node-attributes.ts';
import type { Pacemaker, PacemakerFailure } from '../../../host/pacemaker/pacemaker-call.ts';
import { simulateLive } from '../../../host/pacemaker/simulate.ts';
import { readHistory, readTarget } from '../../../host/stonith/pacemaker/target-in-cib.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import type { XmlElement } from '../../../host/xml/xml-element.ts';
import type { Random } from '../../support/random.ts';
import { type Family, law, lawfulWords } from '../family.ts';
import { XML_WORDS } from './samples.ts';

interface Query<Found> {
  readonly ask: (pacemaker: Pacemaker) => Promise<({ readonly ok: true } & Found) | PacemakerFailure>;
  /** The document that it has to have been, where there is an answer. */
  readonly isWhole: (root: XmlElement) => boolean;
  /** Exit statuses that are an answer, too: that there is nothing. With any other but 0 nothing is known. */
  readonly emptyAt: readonly number[];
  readonly isEmpty: (found: Found) => boolean;
}

/** Of a result every word is Pacemaker's own, with the status of a success. */
const isResult = ({ name, children }: XmlElement) =>
  name === 'pacemaker-result' &&
  children.find((child) => child.name === 'status')?.attributes['code'] === '0';

const never = () => false;

const tried = <Found>({ ask, isWhole, emptyAt, isEmpty }: Query<Found>) =>
  async function lawfulQuery(pacemaker: Pacemaker, exitCode: number, stdout: string): Promise<void> {
    const answer = await ask(pacemaker);
    if (!answer.ok) {
      lawfulWords(answer.fault, 'the fault of a tool');
      return;
    }
    if (exitCode !== 0) {
      law(emptyAt.includes(exitCode) && isEmpty(answer), 'a tool that failed has answered', exitCode, answer);
      return;
    }
    const document = parseXml(stdout);
    law(document.ok && isWhole(document.root), 'an answer of half a document', answer, stdout);
  };

const QUERIES = [
  tried({ ask: queryCibVersion, isWhole: ({ name }) => name === 'cib', emptyAt: [], isEmpty: never }),
  tried({
    ask: async (pacemaker) => {
      const answer = await queryCib(pacemaker);
      if (answer.ok)
        law(
          Object.values(answer.cib.version).every((count) => count >= 0),
          'no version',
          answer,
        );
      return answer;
    },
    isWhole: ({ name, attributes }) => name === 'cib' && /^\d+$/.test(attributes['epoch'] ?? ''),
    emptyAt: [],
    isEmpty: never,
  }),
  tried({
    ask: (pacemaker) => queryCibSection(pacemaker, 'status'),
    isWhole: ({ name }) => name === 'status',
    emptyAt: [],
    isEmpty: never,
  }),
  tried({
    ask: async (pacemaker) => {
      const answer = await queryDcState(pacemaker);
      if (!answer.ok) return answer;
      const { dc, state, isIdle } = answer.dcState;
      law(isIdle === (dc !== undefined && state === 'S_IDLE'), 'idle without a word', answer);
      return answer;
    },
    isWhole: isResult,
    emptyAt: [],
    isEmpty: never,
  }),
  tried({
    ask: async (pacemaker) => {
      const answer = await queryNodeAttribute(pacemaker, 'default_ping_set');
      if (answer.ok)
        law(
          [...answer.values].flat().every((word) => word !== ''),
          'an empty value',
          answer,
        );
      return answer;
    },
    isWhole: isResult,
    // pacemaker-attrd's words that there is no such attribute have one of these.
    emptyAt: [78, 105],
    isEmpty: ({ values }) => values.size === 0,
  }),
  tried({
    ask: queryAllNodeAttributes,
    isWhole: () => true,
    emptyAt: [105],
    isEmpty: ({ nodes }) => nodes.size === 0,
  }),
  tried({
    // Of a node that the cluster does not know there are no attributes, not even none.
    ask: (pacemaker) => queryAttributesOf(pacemaker, "it's"),
    isWhole: ({ name, children }) => name !== 'xpath-query' || children.length > 0,
    emptyAt: [],
    isEmpty: never,
  }),
  tried({
    ask: (pacemaker) => readHistory(pacemaker, 'p'),
    isWhole: () => true,
    emptyAt: [105],
    isEmpty: ({ nodes }) => nodes.size === 0,
  }),
  tried({
    ask: async (pacemaker) => {
      const answer = await readTarget(pacemaker, 'p', 'guest1', new Map());
      if (!answer.ok) return answer;
      const { primitive, target } = answer.configured ?? {};
      law((primitive === undefined) === (target?.kind === 'none'), 'a target from nowhere', answer);
      law(primitive === undefined || primitive.attributes['id'] === 'p', 'another target', answer);
      return answer;
    },
    isWhole: () => true,
    emptyAt: [105],
    isEmpty: ({ nodes, configured }) => nodes.size === 0 && configured?.target.kind === 'none',
  }),
  tried({
    ask: async (pacemaker) => {
      const answer = await simulateLive(pacemaker);
      const scores = answer.ok ? [...answer.scores.values()].flatMap((nodes) => [...nodes.values()]) : [];
      law(
        scores.every((score) => Math.abs(score) <= 1_000_000),
        'a score beyond all',
        scores,
      );
      return answer;
    },
    isWhole: (root) => isResult(root) && root.children.some(({ name }) => name === 'cluster_status'),
    emptyAt: [],
    isEmpty: never,
  }),
] as const;

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
    "<pacemaker-result><status code='78' message='x'><errors><error>attribute does not exist</error></errors></status></pacemaker-result>",
    '<status><node_state id="1" uname="a"/></status>',
    '<xpath-query><primitive id="p" class="ocf" provider="extra" type="VirtualDomain"><instance_attributes id="i"><nvpair id="c" name="config" value="/g.xml"/></instance_attributes><meta_attributes id="m"><nvpair id="r" name="target-role" value="Stopped"/></meta_attributes></primitive><primitive id="q"/></xpath-query>',
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
      'attribute does not exist',
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

function lawfulAnswer(stdout: string, random: Random): Promise<void> {
  const exitCode = random.next() < FAILING_SHARE ? random.pick(EXIT_STATUSES) : 0;
  const pacemaker: Pacemaker = {
    run: async () => ({ kind: 'exited', exitCode, stdout, stderr: '', elapsedMs: 1 }),
    deadlineMs: 1_000,
  };
  return random.pick(QUERIES)(pacemaker, exitCode, stdout);
}
