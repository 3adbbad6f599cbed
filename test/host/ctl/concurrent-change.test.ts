/**
 * What others change between plan and change is seen and kept, and a configuration that never stands still is told; and what
 * happens when nothing can be written down of a change.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { changeConfiguration } from '../../../host/ctl/change/change-configuration.ts';
import { NOBODY_ASKED } from '../../../host/ctl/cluster/running-elsewhere.ts';
import type { Session } from '../../../host/ctl/cluster/session.ts';
import { readSettings } from '../../../host/ctl/config/read-settings.ts';
import type { MessageKey } from '../../../host/ctl/messages/message.ts';
import { wantedNames } from '../../../host/ctl/plan/guest-names.ts';
import { planAdd } from '../../../host/ctl/plan/plan-add.ts';
import { systemClock } from '../../../shared/clock.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { HOSTS_CIB, PUBLISHED_CONFIG } from './published.ts';

/** Before each of the first `times` patches, somebody else changes the configuration. */
function disturbed(t: TestContext, times: number, state = 'state') {
  const folder = temporaryDirectory(t);
  const cibFile = join(folder, 'cib.xml');
  writeFileSync(cibFile, HOSTS_CIB);
  const read = readSettings('vm-ctl.conf', PUBLISHED_CONFIG);
  assert.ok(read.ok);
  const told: MessageKey[] = [];
  let left = times;
  const session: Session = {
    settings: read.settings,
    pacemaker: {
      deadlineMs: 10_000,
      cibFile,
      async run(argv, options) {
        if (argv.includes('--patch') && left-- > 0) {
          const text = `<primitive id="power" description="${left}"/>`;
          await runCommand(['cibadmin', '--modify', '--xml-text', text], options);
        }
        return runCommand(argv, options);
      },
    },
    virsh: { run: runCommand, uri: 'test:///default', deadlineMs: 10_000 },
    isOffline: true,
    stateDirectory: join(folder, state),
    lockName: cibFile,
    tell: ({ key }) => told.push(key),
    showProgress: () => undefined,
    confirm: () => Promise.resolve(true),
    interrupted: new AbortController().signal,
    clock: systemClock,
  };
  const add = (isUrgent = false) =>
    changeConfiguration(session, {
      isUrgent,
      command: 'add',
      needs: {},
      isDryRun: false,
      plan: (facts) =>
        planAdd(
          { names: wantedNames(['guest1'], []), node: 'host1', isMigrationAllowed: undefined },
          facts,
          NOBODY_ASKED,
        ),
    });
  return { folder, cibFile, add, told };
}

test('a change by someone else is kept, and ours is planned again on top of it', async (t) => {
  const { cibFile, add, told } = disturbed(t, 2);
  const outcome = await add();
  assert.equal(outcome.kind, 'changed');
  assert.deepEqual(told, ['changed-meanwhile', 'changed-meanwhile']);
  const after = readFileSync(cibFile, 'utf8');
  assert.match(after, /description="0"/);
  assert.match(after, /prmVMCTL_guest1/);
});

test('it is not tried for ever', async (t) => {
  const { cibFile, add } = disturbed(t, 1000);
  const outcome = await add();
  assert.ok(outcome.kind === 'unavailable');
  assert.deepEqual(
    outcome.problems.map(({ key }) => key),
    ['changed-too-often'],
  );
  assert.doesNotMatch(readFileSync(cibFile, 'utf8'), /prmVMCTL_guest1/);
});

const keysOf = (messages: readonly { readonly key: MessageKey }[]) => messages.map(({ key }) => key);

test('without room for the configuration of before nothing is changed, unless it has to be cleaned up', async (t) => {
  const { cibFile, add } = disturbed(t, 0, 'cib.xml/state');
  const outcome = await add();
  assert.ok(outcome.kind === 'unavailable');
  assert.deepEqual(keysOf(outcome.problems), ['state-unwritable']);
  assert.match(String(outcome.problems[0]?.values['fault']), /ENOTDIR/);
  assert.doesNotMatch(readFileSync(cibFile, 'utf8'), /prmVMCTL_guest1/);
  assert.equal((await add(true)).kind, 'changed');
  assert.match(readFileSync(cibFile, 'utf8'), /prmVMCTL_guest1/);
});

test('what is changed and can not be recorded is said to be changed, and that undo does not know of it', async (t) => {
  const { folder, cibFile, add } = disturbed(t, 0);
  mkdirSync(join(folder, 'state/last-change.json'), { recursive: true });
  const outcome = await add();
  assert.ok(outcome.kind === 'changed');
  assert.deepEqual(keysOf(outcome.plan.warnings), ['change-unrecorded']);
  assert.equal(outcome.undo, undefined);
  assert.match(readFileSync(cibFile, 'utf8'), /prmVMCTL_guest1/);
  const left = readdirSync(join(folder, 'state')).filter((name) => !/^before-.*\.xml$/.test(name));
  assert.deepEqual(left, ['last-change.json']);
});
