/**
 * Puts a cluster's configuration back to what it was when the laboratory came up.
 *
 * Guests that a resource manages must go on running, so these resources are forgotten in maintenance mode, with their
 * history. What is left over then is stopped by Pacemaker itself, as it stops every resource that was removed.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askCluster, type Level, waitForIdle } from './clusters.ts';
import type { Lab } from './lab-handle.ts';
import { waitFor } from './wait-for.ts';

const fileOf = (lab: Lab, level: Level) => join(lab.layout.state, `configuration-of-${level}.xml`);

/** One round trip: a command in a guest takes its time. */
const LOOK = 'cibadmin --query && crm_mon --one-shot --output-as=xml --include=all';
/** Attributes that Pacemaker keeps for itself. */
const OWN_ATTRIBUTES = /^(#.*|shutdown|terminate|probe_complete|(fail-count|last-failure)-.*)$/;

interface Sight {
  readonly configuration: string;
  /** Transient attributes, as node and name. */
  readonly attributes: readonly (readonly [node: string, name: string])[];
  /** Resources that run though they are configured no longer, and what is known to have failed. */
  readonly hasLeftovers: boolean;
}

export async function savePristine(lab: Lab, level: Level): Promise<void> {
  writeFileSync(fileOf(lab, level), (await look(lab, level)).configuration);
}

export async function restorePristine(lab: Lab, level: Level): Promise<void> {
  if (!existsSync(fileOf(lab, level))) return;
  const pristine = readFileSync(fileOf(lab, level), 'utf8');
  const { configuration, attributes, hasLeftovers } = await look(lab, level);
  const ask = (argv: readonly string[], input?: string) => askCluster(lab, level, argv, { input });
  for (const [node, name] of attributes)
    await ask(['attrd_updater', '--delete', '--name', name, '--node', node]);
  if (configuration === pristine && !hasLeftovers) return;

  await ask(['crm_attribute', '--name', 'maintenance-mode', '--update', 'true']);
  for (const path of ['//constraints/*', "//primitive[@type='VirtualDomain']"]) {
    await ask(['cibadmin', '--delete-all', '--force', '--xpath', path]);
  }
  await ask(['crm_resource', '--refresh']);
  await waitForIdle(lab, level);
  await ask(['cibadmin', '--replace', '--scope', 'configuration', '--xml-pipe'], pristine);
  await waitForIdle(lab, level);
  await waitFor(
    `nothing is left of removed resources in the cluster of the ${level}`,
    30_000,
    async () => !(await look(lab, level)).hasLeftovers,
    { pollMs: 100 },
  );
}

async function look(lab: Lab, level: Level): Promise<Sight> {
  const seen = await askCluster(lab, level, ['/bin/sh', '-c', LOOK]);
  const attributes = seen
    .split('<node_state ')
    .slice(1)
    .flatMap((state) => {
      const node = /uname="([^"]*)"/.exec(state)?.[1] ?? '';
      const transient = /<transient_attributes[\s\S]*?<\/transient_attributes>/.exec(state)?.[0] ?? '';
      const names = [...transient.matchAll(/<nvpair [^>]*name="([^"]*)"/g)].map(([, name = '']) => name);
      return names.filter((name) => !OWN_ATTRIBUTES.test(name)).map((name) => [node, name] as const);
    });
  return {
    configuration: /<configuration>[\s\S]*<\/configuration>/.exec(seen)?.[0] ?? '',
    attributes,
    hasLeftovers: seen.includes(' orphaned="true"') || seen.includes('<failure '),
  };
}
