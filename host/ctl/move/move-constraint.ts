/**
 * The constraint of a move, and the record that we made it.
 *
 *   none --record--> recorded --change--> in the CIB --change--> gone --forget--> none
 *                       |                    |
 *                       +---- kill -9 -------+--> the next vm-ctl finds the record and removes both
 *
 * The constraint has the id that Pacemaker's own `crm_resource --move` gives, so every tool can clear it, and it ends
 * by itself at a time: should this machine never come back, it still does not bind the guest for ever.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../../shared/errors.ts';
import { moveConstraintId } from '../../pacemaker/resource-commands.ts';
import { type XmlElement, xmlElement } from '../../xml/xml-element.ts';

/** When a constraint ends, as Pacemaker writes it: with it we know our own again. */
export const endOf = (endsMs: number): string =>
  new Date(endsMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');

export function moveConstraint(resource: string, node: string, end: string): XmlElement {
  return xmlElement('rsc_location', { id: moveConstraintId(resource), rsc: resource }, [
    xmlElement('rule', { id: `cli-prefer-rule-${resource}`, score: 'INFINITY', 'boolean-op': 'and' }, [
      xmlElement('expression', {
        id: `cli-prefer-expr-${resource}`,
        attribute: '#uname',
        operation: 'eq',
        value: node,
        type: 'string',
      }),
      xmlElement('date_expression', { id: `cli-prefer-lifetime-end-${resource}`, operation: 'lt', end }),
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

/** The resources whose move was recorded and not forgotten, with the process that did it. */
export function recordedMoves(directory: string): readonly RecordedMove[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => {
        const [pid = '', end = ''] = readFileSync(join(directory, name), 'utf8').split('\n');
        return { resource: name.slice(0, -SUFFIX.length), pid, end };
      });
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
