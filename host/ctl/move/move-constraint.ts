/**
 * The constraint of a move, and the record that we made it.
 *
 *   none --record--> recorded --change--> in the CIB --change--> gone --forget--> none
 *                       |                    |
 *                       +---- kill -9 -------+--> the next vm-ctl finds the record and removes both
 *
 * Constraints have the ids that Pacemaker's own `crm_resource --move` and `--ban` give, so every tool can clear them,
 * and they end by themselves at a time: should this machine never come back, they still don't bind the guest for ever.
 *
 * To prefer the target is enough, and leaves the guest where it is should the target fail, unless the guest sticks to
 * its node with INFINITY as well: then the node that it is on is forbidden too.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../../shared/errors.ts';
import { banConstraintId, moveConstraintId } from '../../pacemaker/cib-constraints.ts';
import { type XmlElement, xmlElement } from '../../xml/xml-element.ts';

/** When a constraint ends, as Pacemaker writes it: with it we know our own again. */
export const endOf = (endsMs: number): string =>
  new Date(endsMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');

export interface Way {
  readonly source: string;
  readonly target: string;
  /** Its present node has to be forbidden, or it stays. */
  readonly isBanNeeded: boolean;
}

export function moveConstraints(resource: string, way: Way, end: string): readonly XmlElement[] {
  const prefer = expiring(moveConstraintId(resource), resource, { node: way.target, score: 'INFINITY', end });
  const ban = expiring(banConstraintId(resource, way.source), resource, {
    node: way.source,
    score: '-INFINITY',
    end,
  });
  return way.isBanNeeded ? [prefer, ban] : [prefer];
}

function expiring(
  id: string,
  resource: string,
  { node, score, end }: { readonly node: string; readonly score: string; readonly end: string },
): XmlElement {
  return xmlElement('rsc_location', { id, rsc: resource }, [
    xmlElement('rule', { id: `${id}-rule`, score, 'boolean-op': 'and' }, [
      xmlElement('expression', {
        id: `${id}-expr`,
        attribute: '#uname',
        operation: 'eq',
        value: node,
        type: 'string',
      }),
      xmlElement('date_expression', { id: `${id}-end`, operation: 'lt', end }),
    ]),
  ]);
}

/** Keeps the guest off a node, for a question to the scheduler only. */
export const banConstraint = (resource: string, node: string): XmlElement =>
  xmlElement('rsc_location', { id: `vm-ctl-ask-${resource}`, rsc: resource, node, score: '-INFINITY' });

const SUFFIX = '.move';

export interface RecordedMove {
  readonly resource: string;
  readonly pid: string;
  readonly end: string;
}

export function recordMove(directory: string, resource: string, end: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, `${resource}${SUFFIX}`), `${process.pid}\n${end}\n`, { mode: 0o600 });
}

export function forgetMove(directory: string, resource: string): void {
  rmSync(join(directory, `${resource}${SUFFIX}`), { force: true });
}

export function moveIn(text: string): Omit<RecordedMove, 'resource'> {
  const [pid = '', end = ''] = text.split('\n');
  return { pid, end };
}

/** The resources whose move was recorded and not forgotten, with the process that did it. */
export function recordedMoves(directory: string): readonly RecordedMove[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => {
        const text = readFileSync(join(directory, name), 'utf8');
        return { resource: name.slice(0, -SUFFIX.length), ...moveIn(text) };
      });
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
