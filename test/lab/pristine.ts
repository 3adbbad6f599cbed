/**
 * Puts a cluster's configuration back to what it was when the laboratory came up.
 *
 * Guests that a resource manages must go on running, so these resources are forgotten in maintenance mode, with their
 * history. What is left over then is stopped by Pacemaker itself, as it stops every resource that was removed.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askCluster, type Level } from './clusters.ts';
import type { Lab } from './lab-handle.ts';
import { waitFor } from './wait-for.ts';

const fileOf = (lab: Lab, level: Level) => join(lab.layout.state, `configuration-of-${level}.xml`);

const readConfiguration = (lab: Lab, level: Level) =>
  askCluster(lab, level, ['cibadmin', '--query', '--scope', 'configuration']);

export async function savePristine(lab: Lab, level: Level): Promise<void> {
  writeFileSync(fileOf(lab, level), await readConfiguration(lab, level));
}

export async function restorePristine(lab: Lab, level: Level): Promise<void> {
  if (!existsSync(fileOf(lab, level))) return;
  const pristine = readFileSync(fileOf(lab, level), 'utf8');
  await forgetAttributes(lab, level);
  if ((await readConfiguration(lab, level)) === pristine && !(await hasLeftovers(lab, level))) return;

  await askCluster(lab, level, ['crm_attribute', '-n', 'maintenance-mode', '-v', 'true']);
  await askCluster(lab, level, ['cibadmin', '--delete-all', '--force', '--xpath', '//constraints/*']);
  await askCluster(lab, level, [
    'cibadmin',
    '--delete-all',
    '--force',
    '--xpath',
    "//primitive[@type='VirtualDomain']",
  ]);
  await askCluster(lab, level, ['crm_resource', '--refresh']);
  await waitForIdle(lab, level);
  await askCluster(lab, level, ['cibadmin', '--replace', '--scope', 'configuration', '--xml-pipe'], {
    input: pristine,
  });
  await waitForIdle(lab, level);
  await waitFor(
    `nothing is left of removed resources in the cluster of the ${level}`,
    30_000,
    async () => !(await hasLeftovers(lab, level)),
    {
      pollMs: 200,
    },
  );
}

/** Resolves when the cluster has nothing more to do. */
export async function waitForIdle(lab: Lab, level: Level, deadlineMs = 60_000): Promise<void> {
  await askCluster(lab, level, ['crm_resource', '--wait', `--timeout=${deadlineMs / 1000}s`], { deadlineMs });
}

/** Resources that are no longer configured, and what is known to have failed. */
async function hasLeftovers(lab: Lab, level: Level): Promise<boolean> {
  const status = await askCluster(lab, level, ['crm_mon', '--one-shot', '--output-as=xml', '--include=all']);
  return status.includes(' orphaned="true"') || status.includes('<failure ');
}

/** Transient node attributes, but for those that Pacemaker keeps for itself. */
async function forgetAttributes(lab: Lab, level: Level): Promise<void> {
  const status = await askCluster(lab, level, ['cibadmin', '--query', '--scope', 'status']);
  const nodes = status.split('<node_state ').slice(1);
  for (const state of nodes) {
    const node = /uname="([^"]*)"/.exec(state)?.[1] ?? '';
    const transient = /<transient_attributes[\s\S]*<\/transient_attributes>/.exec(state)?.[0] ?? '';
    const names = [...transient.matchAll(/<nvpair [^>]*name="([^"]*)"/g)].map(([, name = '']) => name);
    for (const name of names.filter((one) => !OWN_ATTRIBUTES.test(one))) {
      await askCluster(lab, level, ['attrd_updater', '--delete', '--name', name, '--node', node]);
    }
  }
}

const OWN_ATTRIBUTES = /^(#.*|shutdown|terminate|probe_complete|(fail-count|last-failure)-.*)$/;
