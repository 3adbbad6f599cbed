/** A guest that is added is shut down wherever it runs: other hosts are asked, and what they can't tell is said once. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NOBODY_ASKED, runningElsewhere } from '../../../host/ctl/cluster/running-elsewhere.ts';
import type { Session } from '../../../host/ctl/cluster/session.ts';
import { defaultSettings } from '../../../host/ctl/config/read-settings.ts';
import { wantedNames } from '../../../host/ctl/plan/guest-names.ts';
import { planAdd } from '../../../host/ctl/plan/plan-add.ts';
import { queryCib } from '../../../host/pacemaker/cib-query.ts';
import { systemClock } from '../../../shared/clock.ts';
import { type CommandRunner, runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { HOSTS_CIB } from './published.ts';

/** As sshd does: the words become one text, which a shell reads. Only host2 is there. */
const SHELL = `case $1 in
  host2) shift; eval "$*" ;;
  *) echo "ssh: connect to host $1 port 22: No route to host" >&2; exit 255 ;;
esac
`;

const domain = (name: string) =>
  `<domain type="test"><name>${name}</name><memory>8192</memory><os><type>hvm</type></os></domain>`;

/** A cluster of host1 (here), host2 and host3; libvirt's own test driver is what host2 has. */
function cluster(t: TestContext): Session {
  const folder = join(temporaryDirectory(t), "it's(1)");
  mkdirSync(folder);
  const cibFile = join(folder, 'cib.xml');
  writeFileSync(cibFile, HOSTS_CIB.replace('</nodes>', '<node id="3" uname="host3"/></nodes>'));
  writeFileSync(join(folder, 'shell'), SHELL);
  const domains = ['guest1', 'ゲスト'].map(domain).join('');
  writeFileSync(join(folder, 'node.xml'), `<node>${domains}</node>`);
  // Without a cluster nobody knows the name of this node.
  const run: CommandRunner = (argv, options) =>
    runCommand(argv[0] === 'crm_node' ? ['echo', 'host1'] : argv, options);
  return {
    settings: { ...defaultSettings(), remoteShell: ['sh', join(folder, 'shell')] },
    pacemaker: { run, deadlineMs: 10_000, cibFile },
    virsh: { run: runCommand, uri: `test://${folder}/node.xml`, deadlineMs: 10_000 },
    isOffline: false,
    stateDirectory: folder,
    lockName: cibFile,
    tell: () => undefined,
    showProgress: () => undefined,
    confirm: () => Promise.resolve(true),
    interrupted: new AbortController().signal,
    clock: systemClock,
  };
}

test('what runs on another host is known, and a host that does not answer is named', async (t) => {
  const elsewhere = await runningElsewhere(cluster(t));
  assert.deepEqual([...elsewhere.nodes].sort(), [
    ['guest1', 'host2'],
    ['ゲスト', 'host2'],
  ]);
  assert.deepEqual(elsewhere.unasked, ['host3']);
});

test('where a file is worked on, nobody is asked', async (t) => {
  const session = cluster(t);
  const run: CommandRunner = () => assert.fail('somebody was asked');
  const asked = await runningElsewhere({ ...session, isOffline: true, virsh: { ...session.virsh, run } });
  assert.deepEqual(asked, NOBODY_ASKED);
});

test('add warns of a guest wherever it runs, and once of the hosts that nobody could look at', async (t) => {
  const { pacemaker, settings } = cluster(t);
  const read = await queryCib(pacemaker);
  assert.ok(read.ok, JSON.stringify(read));
  const domains = new Map([
    ['guest1', false],
    ['guest2', true],
    ['guest3', false],
  ]);
  const facts = { settings, cib: read.cib, status: undefined, domains };
  const wish = { names: wantedNames(['guest*'], []), node: 'host1', isMigrationAllowed: undefined };
  const elsewhere = { nodes: new Map([['guest1', 'host2']]), unasked: ['host3', 'host4'] };
  const { problems, warnings } = planAdd(wish, facts, elsewhere);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    warnings.map(({ key, values }) => [key, ...Object.values(values)]),
    [
      ['domain-runs-elsewhere', 'guest1', 'host2'],
      ['domain-runs-now', 'guest2'],
      ['hosts-not-looked-at', 'host3, host4'],
    ],
  );
});

test('of a guest that is registered already add says that, and not that it runs outside the cluster', async (t) => {
  const { pacemaker, settings } = cluster(t);
  const read = await queryCib(pacemaker);
  assert.ok(read.ok, JSON.stringify(read));
  const facts = { settings, cib: read.cib, status: undefined, domains: new Map([['guest1', true]]) };
  const wish = { names: wantedNames(['guest1'], []), node: 'host1', isMigrationAllowed: undefined };
  const { after } = planAdd(wish, facts, NOBODY_ASKED);
  const elsewhere = { nodes: new Map([['guest1', 'host2']]), unasked: ['host3'] };
  const factsAfter = { ...facts, cib: { ...read.cib, root: after } };
  const { problems, warnings } = planAdd(wish, factsAfter, elsewhere);
  assert.deepEqual(
    problems.map(({ key }) => key),
    ['guest-registered'],
  );
  assert.deepEqual(warnings, []);
});
