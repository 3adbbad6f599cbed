/** What tests of vm-ctl on two real hosts have in common: the program of the tree, and two small guests. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../../shared/process/run-command.ts';
import { bundledProgram } from '../support/bundle.ts';
import { endProgram, startProgram } from './bridge-programs.ts';
import type { Laboratory } from './lab.ts';

export const CONFIG = `vm_ocf=ocf:heartbeat:VirtualDomain
vm_migration_transport=tcp
vm_allow_migrate=on
`;
/** Where no link of an installed program is. */
export const PROGRAM = '/usr/local/sbin/vm-ctl';

export const SHELL = '/usr/local/sbin/shell-on';
const LISTENER = 'shell-listener';
const PORT = '7778';
export const CONFIG_WITH_SHELL = `${CONFIG}vm_remote_shell=(${SHELL})
`;

/** Instead of ssh, which needs a daemon and keys: a shell on the other host reads the words, as it does behind ssh. */
export async function letReach(lab: Laboratory): Promise<void> {
  for (const host of ['hosta', 'hostb']) {
    const shell = join(lab.rootOf(host) ?? '', SHELL);
    writeFileSync(shell, `#!/bin/sh\nnode=$1; shift\necho "$*" | socat -t60 - "TCP:$node:${PORT}"\n`);
    chmodSync(shell, 0o755);
    const path = 'PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin';
    const listen = `TCP-LISTEN:${PORT},fork,reuseaddr`;
    await startProgram(lab, host, LISTENER, ['env', path, 'socat', '-t60', listen, 'EXEC:/bin/sh']);
  }
}

export async function endReach(lab: Laboratory): Promise<void> {
  for (const host of ['hosta', 'hostb']) await endProgram(lab, host, [LISTENER]);
}

/** The program as it is in the tree, and two small guests that are off; guests stick to where they are. */
export async function install(lab: Laboratory, config = CONFIG): Promise<void> {
  await lab.define('guest3', 'hosta', { cluster: false });
  await lab.define('guest4', 'hosta', { cluster: false });
  const outfile = bundledProgram('host/bin/vm-ctl.ts');
  for (const host of ['hosta', 'hostb']) {
    const root = lab.rootOf(host);
    assert.ok(root !== undefined);
    await lab.output(host, ['mkdir', '-p', '/usr/local/sbin']);
    copyFileSync(outfile, join(root, PROGRAM));
    chmodSync(join(root, PROGRAM), 0o755);
    writeFileSync(join(root, 'etc/vm-ctl.conf'), config);
  }
  await lab.output('hosta', [
    ...['crm_attribute', '--type', 'rsc_defaults', '--name', 'resource-stickiness', '--update', 'INFINITY'],
  ]);
  await lab.waitForIdle('hosts');
}

export const vmCtl = (lab: Laboratory, words: readonly string[], host = 'hosta') =>
  lab.on(host, [PROGRAM, ...words], { deadlineMs: 120_000 });

export const exitCode = (result: CommandResult) => (result.kind === 'exited' ? result.exitCode : result.kind);

export async function done(lab: Laboratory, ...words: string[]): Promise<string> {
  const result = await vmCtl(lab, words);
  assert.equal(exitCode(result), 0, `${words.join(' ')}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

export async function refused(lab: Laboratory, words: readonly string[], pattern: RegExp): Promise<void> {
  const result = await vmCtl(lab, words);
  assert.notEqual(exitCode(result), 0, words.join(' '));
  assert.match(result.stderr, pattern, words.join(' '));
}

export const constraints = (lab: Laboratory) =>
  lab.output('hosta', ['cibadmin', '--query', '--scope', 'constraints']);

/** So small a guest does not listen to its power button. */
export async function letStop(lab: Laboratory): Promise<void> {
  const force = ['--set-parameter', 'force_stop', '--parameter-value', 'true'];
  for (const guest of ['guest3', 'guest4']) {
    await lab.output('hosta', ['crm_resource', '--resource', `prmVMCTL_${guest}`, ...force]);
  }
  await lab.waitForIdle('hosts');
}

/** How often guest4 has been started: a migration is no start. */
export async function starts(lab: Laboratory): Promise<string> {
  const console = await lab.output('hosta', ['cat', '/var/lib/libvirt/images/guest4.console']);
  return String(console.match(/agent started/g)?.length ?? 0);
}

/** Both guests in the cluster and running on hosta. */
export async function bothOnHosta(lab: Laboratory, config = CONFIG): Promise<void> {
  await install(lab, config);
  await done(lab, 'resource', 'add', 'guest3,', 'guest4', '-a', 'hosta');
  await letStop(lab);
  await done(lab, 'resource', 'start', 'guest*');
}
