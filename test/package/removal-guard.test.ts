/**
 * Laws of what keeps a package on a node, by answers of crm_mon that Pacemaker has given, and by what is left of them when
 * they are cut. What is put in stands for another resource agent, or another moment.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PACKAGES, type PackageName } from '../../.ci/package/contents.ts';
import { refuseWhileInUse } from '../../.ci/package/in-use.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const NODES = [
  { name: 'hosta', standby: false },
  { name: 'hostb', standby: false },
];
const RECORDED = readFileSync('test/support/recorded/pacemaker/crm-mon.xml', 'utf8');

interface Resource {
  readonly agent: string;
  readonly role?: string;
  readonly pending?: string;
  readonly managed?: boolean;
  readonly on?: string;
}

/** The recorded answer with these nodes and this one resource `it`. */
function answer({ agent, role = 'Started', pending, managed = true, on }: Resource, nodes = NODES): string {
  const moment = pending === undefined ? '' : ` pending="${pending}"`;
  const head = `<resource id="it" resource_agent="${agent}" role="${role}" active="${on !== undefined}" managed="${managed}"${moment}`;
  const resource =
    on === undefined
      ? `${head} nodes_running_on="0"/>`
      : `${head} nodes_running_on="1"><node name="${on}" id="1" cached="true"/></resource>`;
  const known = nodes.map(
    ({ name, standby }) => `<node name="${name}" id="1" online="true" standby="${standby}"/>`,
  );
  return RECORDED.replace(/<nodes>[\s\S]*<\/nodes>/, `<nodes>${known.join('')}</nodes>`).replace(
    /<resources>[\s\S]*<\/resources>/,
    `<resources>${resource}</resources>`,
  );
}

/** What the guard says on `hosta`; nothing where the package may go. */
type Guard = (name: PackageName, said: string, here?: string) => string;

/** With a process that is called as Pacemaker's are. */
function guardOf(t: TestContext): Guard {
  const directory = temporaryDirectory(t);
  const daemon = join(directory, 'pacemakerd');
  copyFileSync('/bin/sleep', daemon);
  chmodSync(daemon, 0o755);
  const telling = (file: string) => `#!/bin/sh\ncat ${join(directory, file)}\n`;
  writeFileSync(join(directory, 'crm_mon'), telling('answer'), { mode: 0o755 });
  writeFileSync(join(directory, 'crm_node'), telling('name'), { mode: 0o755 });
  const running = spawn(daemon, ['600'], { stdio: 'ignore' });
  t.after(() => running.kill('SIGKILL'));
  return (name, said, here = 'hosta\n') => {
    const what = PACKAGES.find((one) => one.name === name);
    assert.ok(what !== undefined);
    writeFileSync(join(directory, 'answer'), said);
    writeFileSync(join(directory, 'name'), here);
    const { status, stderr, stdout } = spawnSync('/bin/sh', ['-e', '-c', refuseWhileInUse(what)], {
      encoding: 'utf8',
      env: { PATH: `${directory}:/usr/sbin:/usr/bin:/sbin:/bin` },
    });
    assert.equal(stdout, '');
    assert.equal(status, stderr === '' ? 0 : 1, stderr);
    return stderr;
  };
}

const IN_USE = /Pacemaker runs with it on hosta\n {2}it\n/;
const UNKNOWN = /Pacemaker runs on this node and does not say what it runs here/;
const GUEST_AGENT = 'ocf:extra:VirtualDomain';

test('a package stays while Pacemaker runs something of it here, and goes when that runs elsewhere', (t) => {
  const guard = guardOf(t);
  assert.match(guard('pm-kvm-tools-host', answer({ agent: GUEST_AGENT, on: 'hosta' })), IN_USE);
  assert.equal(guard('pm-kvm-tools-host', answer({ agent: GUEST_AGENT, on: 'hostb' })), '');
  assert.equal(guard('pm-kvm-tools-host', answer({ agent: GUEST_AGENT, on: 'hosta', managed: false })), '');
  assert.equal(guard('pm-kvm-tools-host', answer({ agent: 'ocf:heartbeat:Dummy', on: 'hosta' })), '');
  assert.match(guard('pm-kvm-tools-guest', answer({ agent: 'systemd:vm-connectd', on: 'hosta' })), IN_USE);
});

test('what starts or migrates counts, for where is not said', (t) => {
  const guard = guardOf(t);
  for (const moment of ['Starting', 'Migrating']) {
    assert.match(guard('pm-kvm-tools-host', answer({ agent: GUEST_AGENT, role: moment })), IN_USE);
    assert.match(guard('pm-kvm-tools-host', answer({ agent: GUEST_AGENT, pending: moment })), IN_USE);
  }
  assert.equal(guard('pm-kvm-tools-host', answer({ agent: GUEST_AGENT, role: 'Stopped' })), '');
});

test('an answer that is none, or not all of it, keeps the package', (t) => {
  const guard = guardOf(t);
  const whole = answer({ agent: GUEST_AGENT, on: 'hosta' });
  const cut = whole.slice(0, whole.indexOf('<resources>'));
  for (const said of ['', '\n', 'crm_mon: out of cheese\n', cut, '<pacemaker-result', '</pacemaker-result>'])
    assert.match(guard('pm-kvm-tools-host', said), UNKNOWN, said);
  for (const here of ['', '\n', 'hostc\n'])
    assert.match(guard('pm-kvm-tools-host', whole, here), UNKNOWN, here);
});

test('a fence agent is needed on every node that is not in standby, managed or not', (t) => {
  const guard = guardOf(t);
  const resting = [
    { name: 'hosta', standby: true },
    { name: 'hostb', standby: false },
  ];
  for (const agent of ['stonith:fence_vm', 'stonith:external/vm-stonith']) {
    for (const on of ['hosta', 'hostb']) {
      const told = guard('pm-kvm-tools-guest', answer({ agent, on, managed: false }));
      assert.match(told, IN_USE);
      assert.match(told, /Without the package hosta could fence no other node/);
      assert.match(told, /crm node standby hosta/);
      assert.doesNotMatch(told, /guests|maintenance/);
    }
    assert.equal(guard('pm-kvm-tools-guest', answer({ agent, on: 'hostb' }, resting)), '');
    assert.equal(guard('pm-kvm-tools-guest', answer({ agent, role: 'Stopped' })), '');
    assert.equal(guard('pm-kvm-tools-host', answer({ agent, on: 'hosta' })), '');
  }
  assert.equal(guard('pm-kvm-tools-guest', answer({ agent: 'stonith:fence_virt', on: 'hosta' })), '');
});
