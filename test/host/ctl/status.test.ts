/** `status` fits on a screen, says what it could not ask, and takes no silence for an empty list. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultSettings } from '../../../host/ctl/config/read-settings.ts';
import type { Dependency } from '../../../host/ctl/config/settings.ts';
import { en } from '../../../host/ctl/messages/en.ts';
import { ja } from '../../../host/ctl/messages/ja.ts';
import { message } from '../../../host/ctl/messages/message.ts';
import { widthOf, wrapped } from '../../../host/ctl/report/columns.ts';
import { auditTail } from '../../../host/ctl/status/audit-tail.ts';
import { isBad } from '../../../host/ctl/status/health.ts';
import { printStatus } from '../../../host/ctl/status/print-status.ts';
import type { Seen } from '../../../host/ctl/status/seen.ts';
import { statusJson } from '../../../host/ctl/status/status-json.ts';
import { viewOf } from '../../../host/ctl/status/view.ts';
import { cibOf } from '../../../host/pacemaker/cib-query.ts';
import type { ClusterStatus, NodeStatus, ResourceStatus } from '../../../host/pacemaker/cluster-status.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { program, vmCtl, workbench } from './vm-ctl.ts';

const silent = { kind: 'silent', problem: message('stonithd-silent', { path: '/run/x' }) } as const;

const dependency = (attribute: string, operation: string, value: string): Dependency => ({
  kind: 'pingd',
  setting: 'vm_pingd1',
  clone: 'clnPingd',
  attribute,
  badWhen: { operation, value },
  colocationScore: 'INFINITY',
  order: { kind: 'Optional', isSymmetrical: false },
});

const node = (name: string, differing: Partial<NodeStatus> = {}): NodeStatus => ({
  name,
  id: name,
  isOnline: true,
  isStandby: false,
  isInMaintenance: false,
  isPending: false,
  isUnclean: false,
  isShuttingDown: false,
  isExpectedUp: true,
  isDc: false,
  type: 'member',
  ...differing,
});

const resource = (id: string, role: string, nodes: readonly string[]): ResourceStatus => ({
  id,
  agent: 'ocf:extra:VirtualDomain',
  role,
  targetRole: undefined,
  isActive: nodes.length > 0,
  isOrphaned: false,
  isBlocked: false,
  isManaged: true,
  isFailed: false,
  isFailureIgnored: false,
  pendingOperation: undefined,
  nodes,
  within: [],
});

const status = (differing: Partial<ClusterStatus>): ClusterStatus => ({
  dc: 'hosta',
  hasQuorum: true,
  options: { isFencingEnabled: true, isInMaintenance: false, isStoppingAll: false },
  nodes: [node('hosta', { isDc: true }), node('hostb', { isOnline: false })],
  resources: [],
  bans: [],
  fenceHistory: [],
  ...differing,
});

function seen(guests: readonly string[], differing: Partial<Seen>, told?: ClusterStatus): Seen {
  const primitives = guests.map(
    (name) => `<primitive id="prmVMCTL_${name}" class="ocf" provider="extra" type="VirtualDomain"/>`,
  );
  const document = parseXml(`<cib epoch="1" num_updates="0" admin_epoch="0"><configuration><nodes>
<node id="1" uname="hosta"/><node id="2" uname="hostb"/></nodes><resources>${primitives.join('')}</resources><constraints/></configuration>
<status><node_state id="1" uname="hosta"><transient_attributes id="1"><instance_attributes id="a">
<nvpair id="p" name="ping" value="0"/></instance_attributes></transient_attributes></node_state></status></cib>`);
  assert.ok(document.ok);
  const cib = cibOf(document.root);
  assert.ok(cib !== undefined);
  return {
    atWallMs: Date.parse('2026-11-21T00:00:00Z'),
    settings: {
      ...defaultSettings(),
      dependencies: [dependency('ping', 'lt', '100'), dependency('disk', 'eq', 'ERROR')],
    },
    node: 'hosta',
    cluster: { kind: 'told', value: { cib, status: told } },
    isIdle: true,
    links: silent,
    stonith: silent,
    audit: { kind: 'told', value: [] },
    jobs: new Map(),
    worker: undefined,
    ...differing,
  };
}

const ofGuests = (names: readonly string[]) =>
  status({ resources: names.map((name) => resource(`prmVMCTL_${name}`, 'Started', ['hosta'])) });

test('no line is wider than 80 columns, in either language, whatever guests are called', () => {
  const names = ['g', 'a-very-long-name-of-a-guest-that-nobody-wants-to-read-twice', '_x30B2__x30B9__x30C8_'];
  const told = status({ resources: names.map((name) => resource(`prmVMCTL_${name}`, 'Stopped', [])) });
  const all = seen(names, {}, told);
  for (const catalogue of [en, ja]) {
    const text = printStatus(all, viewOf(all), catalogue, { width: 80, height: undefined });
    for (const line of text.split('\n')) assert.ok(widthOf(line) <= 80, line);
    assert.match(text, /ゲスト|_x30/);
  }
});

test('an attribute that is bad or missing is marked, and a host that is away has none', () => {
  const view = viewOf(seen([], {}, status({})));
  assert.deepEqual(view.hosts, [
    {
      name: 'hosta',
      states: ['online', 'DC'],
      guests: 0,
      health: [
        { attribute: 'ping', value: '0', isBad: true },
        { attribute: 'disk', value: undefined, isBad: true },
      ],
    },
    { name: 'hostb', states: ['offline'], guests: 0, health: [] },
  ]);
});

test('values are compared as numbers where both are numbers', () => {
  assert.equal(isBad('99', { operation: 'lt', value: '100' }), true);
  assert.equal(isBad('100', { operation: 'lt', value: '100' }), false);
  assert.equal(isBad('ERROR', { operation: 'eq', value: 'ERROR' }), true);
  assert.equal(isBad('normal', { operation: 'ne', value: 'normal' }), false);
});

test('what could not be asked is said, and null for programs', () => {
  const all = seen(['guest1'], { audit: silent }, ofGuests(['guest1']));
  const text = printStatus(all, viewOf(all), en, { width: 80, height: undefined });
  assert.equal(text.match(/not asked, fencing service/g)?.length, 3);
  assert.match(text, /guest1 +Started +hosta +- +\?/);
  assert.doesNotMatch(text, /nothing has been fenced/);
  const json = statusJson(all, viewOf(all));
  assert.deepEqual([json['connectd'], json['stonithd'], json['fencing']], [null, null, null]);
});

test('a guest at two places is an alarm, unless the cluster is still moving it', () => {
  const told = status({ resources: [resource('prmVMCTL_guest1', 'Started', ['hosta', 'hostb'])] });
  const notes = (isIdle: boolean) =>
    viewOf(seen(['guest1'], { isIdle }, told)).guests.flatMap(({ notes: all }) => all.map(({ key }) => key));
  assert.deepEqual(notes(true), ['status-on-many']);
  assert.deepEqual(notes(false), ['status-on-its-way']);
});

test('where the screen is too small, guests that need a look stay on it', () => {
  const names = Array.from({ length: 100 }, (_, index) => `guest${index}`);
  const told = ofGuests(names);
  const resources = told.resources.map((one) =>
    one.id === 'prmVMCTL_guest77' ? { ...one, isFailed: true } : one,
  );
  const all = seen(names, {}, { ...told, resources });
  const text = printStatus(all, viewOf(all), en, { width: 80, height: 40 });
  assert.ok(text.split('\n').length <= 40, text);
  assert.match(text, /guest77 .*failed/);
  assert.match(text, /\d+ more guests/);
});

test('fencings of hosts and guests stand in one list, the newest first, those under way before all', () => {
  const event = (completedAt: string | undefined, target: string) => ({
    action: 'reboot',
    target,
    status: completedAt === undefined ? ('pending' as const) : ('success' as const),
    client: 'pacemaker-controld.1',
    origin: 'hosta',
    delegate: undefined,
    completedAt,
    reason: undefined,
  });
  const entry = {
    time: '2026-11-21T03:50:00.000Z',
    requester: 'guest1',
    target: 'prmVMCTL_guest2',
    operation: 'off',
    result: 'confirmed',
    reason: 'it is off',
    durationMs: 400,
  };
  const told = status({
    fenceHistory: [event('2026-11-21 03:49:53Z', 'hostb'), event(undefined, 'hostc')],
  });
  const view = viewOf(seen([], { audit: { kind: 'told', value: [entry] } }, told));
  assert.deepEqual(
    view.fencing.map(({ target }) => target),
    ['hostc', 'guest2', 'hostb'],
  );
});

test('the end of an audit log is read, half a record and rubbish passed over', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  assert.deepEqual(await auditTail(path, 3), { kind: 'told', value: [] });
  writeFileSync(path, 'x'.repeat(70_000));
  for (let count = 0; count < 5; count++) {
    appendFileSync(path, `\n${JSON.stringify({ time: `t${count}`, result: 'confirmed', operation: 'off' })}`);
  }
  appendFileSync(path, '\n{"time": ');
  const read = await auditTail(path, 3);
  assert.ok(read.kind === 'told');
  assert.deepEqual(
    read.value.map(({ time }) => time),
    ['t4', 't3', 't2'],
  );
  renameSync(path, `${path}.1`);
  writeFileSync(path, `${JSON.stringify({ time: 't5', result: 'failed', operation: 'on' })}\n`);
  const rotated = await auditTail(path, 3);
  assert.ok(rotated.kind === 'told');
  assert.deepEqual(
    rotated.value.map(({ time }) => time),
    ['t5', 't4', 't3'],
  );
  assert.equal((await auditTail(join(path, 'none'), 3)).kind, 'silent');
});

test('words wrap at blanks, Japanese anywhere', () => {
  assert.deepEqual(wrapped('one two three', 8), ['one two', 'three']);
  assert.deepEqual(wrapped('仮想マシン', 4), ['仮想', 'マシ', 'ン']);
  assert.deepEqual(wrapped('abcdefgh', 3), ['abc', 'def', 'gh']);
});

test('a file is shown without asking anybody, and wrong intervals are refused', async (t) => {
  const { run } = workbench(t);
  const ran = await run(['status']);
  assert.equal(ran.exitCode, 0, ran.stderr);
  assert.match(ran.stdout, /a configuration file; no status is in it/);
  for (const wrong of ['0', '-1', 'soon']) {
    const refused = await vmCtl(['status', `--interval=${wrong}`]);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /--interval is a number of seconds/);
  }
});

test('in a pipe, --watch gives block after block until it is told to end', async (t) => {
  const { cib, config } = workbench(t);
  const words = ['status', '--watch', '--interval', '0.1', '--json', '--cib-file', cib, '--config', config];
  const child = spawn(process.execPath, [program(), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  const exited = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.split('\n').length > 2) child.kill('SIGINT');
  }
  assert.equal(await exited, 0);
  for (const line of text.trimEnd().split('\n')) assert.ok(Array.isArray(JSON.parse(line).hosts));
});
