/** Where a guest may move to is for Pacemaker's scheduler to say; what of it is refused is said here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Facts } from '../../../host/ctl/cluster/facts.ts';
import { guestsIn } from '../../../host/ctl/cluster/guests.ts';
import { defaultSettings } from '../../../host/ctl/config/read-settings.ts';
import { endOf, moveConstraints } from '../../../host/ctl/move/move-constraint.ts';
import { type MovePlan, planMove, withoutConstraints } from '../../../host/ctl/move/plan-move.ts';
import { withConstraints } from '../../../host/ctl/plan/edit-cib.ts';
import { cibOf } from '../../../host/pacemaker/cib-query.ts';
import { statusOf } from '../../../host/pacemaker/cluster-status.ts';
import type { Simulation } from '../../../host/pacemaker/simulate.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { printXml } from '../../../host/xml/print-xml.ts';
import type { XmlElement } from '../../../host/xml/xml-element.ts';

interface Situation {
  readonly target?: string;
  readonly stickiness?: string;
  readonly scores?: readonly [host1: number, host2: number];
  readonly without?: readonly [host1: number, host2: number];
  readonly node2?: string;
  readonly guest?: string;
  readonly constraints?: string;
  readonly isPreferred?: boolean;
}

function plan(situation: Situation): MovePlan {
  const { target, stickiness = 'INFINITY', scores = [1_000_000, 0], without = [-1_000_000, 0] } = situation;
  const cib = cibOf(
    tree(`<cib admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/>
<nodes><node id="1" uname="host1"/><node id="2" uname="host2"/></nodes>
<resources><primitive id="prmVMCTL_guest1" class="ocf" provider="extra" type="VirtualDomain"/></resources>
<constraints>${situation.constraints ?? ''}</constraints>
<rsc_defaults><meta_attributes id="d"><nvpair id="s" name="resource-stickiness" value="${stickiness}"/></meta_attributes></rsc_defaults>
</configuration><status/></cib>`),
  );
  assert.ok(cib !== undefined);
  const [guest] = guestsIn(cib.root);
  assert.ok(guest !== undefined);
  const facts: Facts = { settings: defaultSettings(), cib, status: status(situation), domains: undefined };
  const wish = { guest, node: target, isPreferred: situation.isPreferred ?? false };
  return planMove(wish, facts, { live: simulation(scores), without: simulation(without) });
}

function tree(text: string): XmlElement {
  const document = parseXml(text);
  assert.ok(document.ok, JSON.stringify(document));
  return document.root;
}

function status({ node2 = '', guest = '' }: Situation) {
  const flags = 'standby="false" maintenance="false" pending="false" unclean="false" shutdown="false"';
  const node = (name: string, id: number, differing: string) => {
    const [key = '', value = ''] = differing.split('=');
    const usual = `online="true" ${flags} expected_up="true" is_dc="false"`;
    const attributes = key === '' ? usual : usual.replace(new RegExp(`${key}="\\w+"`), `${key}="${value}"`);
    return `<node name="${name}" id="${id}" ${attributes} type="member"/>`;
  };
  const [key = '', value = ''] = guest.split('=');
  const usual =
    'role="Started" active="true" blocked="false" managed="true" failed="false" nodes_running_on="1"';
  const attributes = key === '' ? usual : usual.replace(new RegExp(`${key}="\\w+"`), `${key}="${value}"`);
  const place = attributes.includes('on="0"') ? '' : '<node name="host1"/>';
  return statusOf(
    tree(`<pacemaker-result><summary><current_dc present="true" name="host1" with_quorum="true"/>
<resources_configured number="1"/><cluster_options stonith-enabled="true" maintenance-mode="false" stop-all-resources="false"/></summary>
<nodes>${node('host1', 1, '')}${node('host2', 2, node2)}</nodes>
<resources><resource id="prmVMCTL_guest1" resource_agent="ocf:extra:VirtualDomain" ${attributes}>${place}</resource></resources></pacemaker-result>`),
  );
}

const simulation = ([host1, host2]: readonly [number, number]): Simulation => ({
  actions: [],
  scores: new Map([
    [
      'prmVMCTL_guest1',
      new Map([
        ['host1', host1],
        ['host2', host2],
      ]),
    ],
  ]),
});

const keysOf = (made: MovePlan) =>
  made.kind === 'problems' ? made.problems.map(({ key }) => key) : made.kind;

test('to a node that may run it, a guest goes; that it sticks with INFINITY must be overcome', () => {
  const go = { kind: 'go', source: 'host1', target: 'host2' };
  assert.deepEqual(plan({ target: 'host2' }), { ...go, isBanNeeded: true });
  assert.deepEqual(plan({}), { ...go, isBanNeeded: true }, 'without a node to the best other one');
  assert.deepEqual(plan({ stickiness: '500', scores: [700, 0] }), { ...go, isBanNeeded: false });
});

test('to where it is it need not go', () => {
  assert.deepEqual(plan({ target: 'host1' }), { kind: 'there', node: 'host1' });
});

test('each reason against a move is told', () => {
  assert.deepEqual(keysOf(plan({ target: 'host3' })), ['node-unknown']);
  assert.deepEqual(keysOf(plan({ target: 'host2', node2: 'online=false' })), ['target-unfit']);
  assert.deepEqual(keysOf(plan({ target: 'host2', node2: 'standby=true' })), ['target-unfit']);
  assert.deepEqual(keysOf(plan({ target: 'host2', node2: 'unclean=true' })), ['target-unfit']);
  assert.deepEqual(keysOf(plan({ target: 'host2', scores: [1_000_000, -1_000_000] })), ['target-forbidden']);
  const nowhere = plan({ without: [-1_000_000, -1_000_000] });
  assert.deepEqual(keysOf(nowhere), ['no-other-node']);
  const [problem] = nowhere.kind === 'problems' ? nowhere.problems : [];
  assert.equal(problem?.values['scores'], 'host2 -INFINITY', 'that of host1 is that of the trial');
  assert.deepEqual(keysOf(plan({ guest: 'managed=false' })), ['guest-unmanaged']);
  assert.deepEqual(
    keysOf(
      plan({
        constraints: '<rsc_location id="cli-ban-x" rsc="prmVMCTL_guest1" node="host2" score="-INFINITY"/>',
      }),
    ),
    ['move-constraint-left'],
  );
});

test('all reasons are told at once', () => {
  const made = plan({ target: 'host2', node2: 'standby=true', stickiness: '0', scores: [200, -1_000_000] });
  assert.deepEqual(keysOf(made), ['target-unfit', 'target-forbidden', 'would-return']);
});

test('a guest that would come straight back is not moved, unless it is to prefer the new node', () => {
  const situation = { target: 'host2', stickiness: '100', scores: [300, 0] } as const;
  assert.deepEqual(keysOf(plan(situation)), ['would-return']);
  assert.equal(plan({ ...situation, isPreferred: true }).kind, 'go');
  assert.equal(plan({ ...situation, stickiness: '200', scores: [400, 0] }).kind, 'go', 'a tie stays');
});

test('only our own constraints are removed, and all of them', () => {
  const base = tree('<cib><configuration><constraints/></configuration></cib>');
  const way = { source: 'host1', target: 'host2', isBanNeeded: true };
  const ours = withConstraints(base, moveConstraints('r', way, endOf(1_000_000)));
  assert.match(printXml(ours), /cli-prefer-r"[\s\S]*cli-ban-r-on-host1"/);
  assert.match(printXml(ours), /end="1970-01-01 00:16:40Z"/);
  assert.equal(printXml(withoutConstraints(ours, 'r', endOf(1_000_000))), printXml(base));
  assert.equal(printXml(withoutConstraints(ours, 'r', endOf(2_000_000))), printXml(ours));
  assert.equal(printXml(withoutConstraints(ours, 's', endOf(1_000_000))), printXml(ours));
});
