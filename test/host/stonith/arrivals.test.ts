/** A machine that was sent here and that nobody has looked for since is looked for, but not while the cluster is at work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrivals } from '../../../host/stonith/pacemaker/arrivals.ts';
import { silentLogger } from '../../../shared/log.ts';

const result = (inner: string) => `<pacemaker-result>${inner}<status code="0"/></pacemaker-result>`;

/** The tools, played: what they were asked, and a coordinator in that state. */
const KNOWN = `<primitive id="web" class="ocf" provider="extra" type="VirtualDomain"/>`;

function playTools(state: () => string, cib: () => string = () => KNOWN, isPresent = true) {
  const refreshed: string[] = [];
  const deleted: string[] = [];
  const answerTo = (argv: readonly string[]) => {
    const [tool = '', word = ''] = argv;
    if (tool === 'cibadmin') return `<xpath-query>${cib()}</xpath-query>`;
    if (tool === 'attrd_updater' && argv.includes('--query'))
      return result(isPresent ? '<attribute name="arriving-web" host="hosta" value="sent"/>' : '');
    if (tool === 'attrd_updater') deleted.push(argv.slice(1).join(' '));
    if (tool === 'crm_resource') refreshed.push(argv.slice(2).join(' '));
    if (word === '--dc_lookup') return result('<dc node_name="hosta"/>');
    return tool === 'crmadmin' ? result(`<crmd state="${state()}"/>`) : '';
  };
  const run = async (argv: readonly string[]) => {
    const stdout = answerTo(argv);
    return { kind: 'exited', exitCode: 0, stdout, stderr: '', elapsedMs: 1 } as const;
  };
  return { refreshed, deleted, arrivals: new Arrivals({ run, deadlineMs: 1_000 }, 'hosta', silentLogger) };
}

const WEB = new Map([
  ['arriving-web', 'hosta'],
  ['arriving-gone', ''],
  ['default_ping_set', '200'],
]);

test('what is there at two sweeps is looked for on this node, until it is gone', async () => {
  const { arrivals, refreshed } = playTools(() => 'S_IDLE');
  await arrivals.sweep(WEB);
  assert.deepEqual(refreshed, [], 'it may be on its way');
  await arrivals.sweep(WEB);
  assert.deepEqual(refreshed, ['--resource=web --node=hosta']);
  await arrivals.sweep(new Map());
  await arrivals.sweep(WEB);
  assert.equal(refreshed.length, 1, 'a new one has its time');
});

test('while the cluster is at work it may be on its way still', async () => {
  let state = 'S_TRANSITION_ENGINE';
  const { arrivals, refreshed } = playTools(() => state);
  for (let sweep = 0; sweep < 4; sweep++) await arrivals.sweep(WEB);
  assert.deepEqual(refreshed, []);
  state = 'S_IDLE';
  await arrivals.sweep(WEB);
  assert.equal(refreshed.length, 1);
});

test('when its resource is gone from configuration and history nobody is made to look, and nothing is left of it', async () => {
  let cib = '<lrm_resource id="web"/>';
  const { arrivals, refreshed, deleted } = playTools(
    () => 'S_IDLE',
    () => cib,
  );
  await arrivals.sweep(WEB);
  await arrivals.sweep(WEB);
  assert.deepEqual(deleted, [], 'a node still remembers it');
  cib = '';
  await arrivals.sweep(WEB);
  assert.deepEqual([refreshed, deleted], [[], ['--name=arriving-web --node=hosta --delete']]);
});

test('of a resource that has another agent now nobody is made to look, and nothing is removed', async () => {
  for (const other of ['provider="heartbeat" type="VirtualDomain"', 'provider="extra" type="Dummy"']) {
    const cib = `<primitive id="web" class="ocf" ${other}/>`;
    const { arrivals, refreshed, deleted } = playTools(
      () => 'S_IDLE',
      () => cib,
    );
    for (let sweep = 0; sweep < 3; sweep++) await arrivals.sweep(WEB);
    assert.deepEqual([refreshed, deleted], [[], []]);
  }
});

test('what the CIB still has and pacemaker-attrd has no more is looked for by nobody', async () => {
  const { arrivals, refreshed, deleted } = playTools(() => 'S_IDLE', undefined, false);
  for (let sweep = 0; sweep < 3; sweep++) await arrivals.sweep(WEB);
  assert.deepEqual([...refreshed, ...deleted], []);
});
