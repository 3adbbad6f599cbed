/**
 * `<pacemaker-result>`, the form that all of Pacemaker's tools answer in with `--output-as=xml`.
 *
 * Invariant: what a decision hangs on is never assumed. `required*` throw `Unreadable`, which `readResult` turns
 * into a failure: an attribute that is missing is no `false`.
 */
import { quoted } from '../../shared/visible.ts';
import type { XmlElement } from '../xml/xml-element.ts';
import {
  callForXml,
  type Pacemaker,
  type PacemakerCall,
  type PacemakerFailure,
  unreadable,
} from './pacemaker-call.ts';

class Unreadable extends Error {}

/** Calls a tool with `--output-as=xml` and reads its answer. */
export async function callForResult<T>(
  pacemaker: Pacemaker,
  argv: readonly string[],
  read: (result: XmlElement) => T,
  call: PacemakerCall = {},
): Promise<({ readonly ok: true } & T) | PacemakerFailure> {
  const fullArgv = [...argv, '--output-as=xml'];
  const answer = await callForXml(pacemaker, fullArgv, call);
  return answer.ok ? readResult(answer.root, fullArgv, read) : answer;
}

/** Reads an answer that has come. */
export function readResult<T>(
  root: XmlElement,
  argv: readonly string[],
  read: (result: XmlElement) => T,
): ({ readonly ok: true } & T) | PacemakerFailure {
  try {
    if (root.name !== 'pacemaker-result') throw new Unreadable(`its root is <${root.name}>`);
    if (requiredChild(root, 'status').attributes['code'] !== '0')
      throw new Unreadable('it has no status of 0');
    return { ok: true, ...read(root) };
  } catch (thrown) {
    if (thrown instanceof Unreadable) return unreadable(argv, thrown.message);
    throw thrown;
  }
}

export function requiredChild(element: XmlElement, name: string): XmlElement {
  const child = element.children.find((candidate) => candidate.name === name);
  if (child === undefined) throw new Unreadable(`<${element.name}> has no <${name}>`);
  return child;
}

export function requiredText(element: XmlElement, name: string): string {
  const text = element.attributes[name];
  if (text === undefined || text === '') throw new Unreadable(`<${element.name}> has no ${name}`);
  return text;
}

export function requiredFlag(element: XmlElement, name: string): boolean {
  const text = element.attributes[name];
  if (text !== 'true' && text !== 'false') {
    throw new Unreadable(`<${element.name}> has ${name}=${quoted(text)}, neither true nor false`);
  }
  return text === 'true';
}

export function requiredCount(element: XmlElement, name: string): number {
  const text = element.attributes[name] ?? '';
  if (!/^\d+$/.test(text)) throw new Unreadable(`<${element.name}> has no number in ${name}`);
  return Number(text);
}

/** For what some versions of Pacemaker don't tell and nothing is decided by. */
export const optionalFlag = (element: XmlElement, name: string): boolean =>
  element.attributes[name] === 'true';

export function contradiction(fault: string): never {
  throw new Unreadable(fault);
}
