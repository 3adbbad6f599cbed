/**
 * Commands on one resource: `crm_resource`. Each is one process (25 ms) and one update of the CIB, unconditional: the
 * last writer wins. For changes that must not overwrite someone else's see `cib-change.ts`.
 */
import { childrenNamed, elementAt } from '../xml/xml-element.ts';
import type { Pacemaker, PacemakerFailure } from './pacemaker-call.ts';
import { callForResult, requiredChild } from './pacemaker-result.ts';

type Done = { readonly ok: true } | PacemakerFailure;

/** Sets a meta attribute where it stands, or anew if it stands nowhere. */
export async function setResourceMeta(
  pacemaker: Pacemaker,
  resource: string,
  name: string,
  value: string,
): Promise<Done> {
  return command(pacemaker, resource, ['--meta', `--set-parameter=${name}`, `--parameter-value=${value}`]);
}

/** Fine as well if it was not set. */
export async function removeResourceMeta(
  pacemaker: Pacemaker,
  resource: string,
  name: string,
): Promise<Done> {
  return command(pacemaker, resource, ['--meta', `--delete-parameter=${name}`]);
}

/** The role that the cluster is to give a resource; undefined: what Pacemaker does by itself. */
export async function setTargetRole(
  pacemaker: Pacemaker,
  resource: string,
  role: 'Started' | 'Stopped' | undefined,
): Promise<Done> {
  return role === undefined
    ? removeResourceMeta(pacemaker, resource, 'target-role')
    : setResourceMeta(pacemaker, resource, 'target-role', role);
}

/** The nodes that a resource is active on. */
export async function locateResource(
  pacemaker: Pacemaker,
  resource: string,
): Promise<{ readonly ok: true; readonly nodes: readonly string[] } | PacemakerFailure> {
  const argv = ['crm_resource', `--resource=${resource}`, '--locate'];
  return callForResult(pacemaker, argv, (result) => ({
    nodes: childrenNamed(requiredChild(result, 'nodes'), 'node').map((node) => node.text.trim()),
  }));
}

/** `exists`: it runs there already, and no constraint was made. */
export async function moveResource(pacemaker: Pacemaker, resource: string, node: string): Promise<Done> {
  return command(pacemaker, resource, ['--move', `--node=${node}`]);
}

/** Keeps a resource off a node: the way to move it to whichever other node is best. */
export async function banResource(pacemaker: Pacemaker, resource: string, node: string): Promise<Done> {
  return command(pacemaker, resource, ['--ban', `--node=${node}`]);
}

/** Removes what `moveResource` and `banResource` left, and nothing else. */
export async function clearMoves(pacemaker: Pacemaker, resource: string): Promise<Done> {
  return command(pacemaker, resource, ['--clear']);
}

/** The constraint that a move or a ban makes. */
export const moveConstraintId = (resource: string): string => `cli-prefer-${resource}`;
export const banConstraintId = (resource: string, node: string): string => `cli-ban-${resource}-on-${node}`;

/** Forgets failures, and has the resource's state checked anew where there were any. */
export async function cleanUpResource(pacemaker: Pacemaker, resource: string): Promise<Done> {
  return command(pacemaker, resource, ['--cleanup']);
}

/** Forgets the whole history, and has the resource's state checked anew on every node. */
export async function refreshResource(pacemaker: Pacemaker, resource: string): Promise<Done> {
  return command(pacemaker, resource, ['--refresh']);
}

async function command(pacemaker: Pacemaker, resource: string, words: readonly string[]): Promise<Done> {
  const argv = ['crm_resource', `--resource=${resource}`, ...words];
  const answer = await callForResult(pacemaker, argv, (result) => ({
    errors: elementAt(result, 'status', 'errors')?.children.length ?? 0,
  }));
  return answer.ok ? { ok: true } : answer;
}
