/**
 * Reads a whole XML document, strictly: what is not well-formed, has a document type (and with it entities of its
 * own), is too large or nested too deeply is a fault, and never half a tree.
 */

import { SaxesParser } from 'saxes';
import { messageOf } from '../../shared/errors.ts';
import { visible } from '../../shared/visible.ts';
import type { XmlElement } from './xml-element.ts';

export type XmlParseResult =
  | { readonly ok: true; readonly root: XmlElement }
  | { readonly ok: false; readonly fault: string };

export interface XmlLimits {
  readonly maxCharacters?: number;
  readonly maxDepth?: number;
}

/** A configuration of 10,000 guests has about 40 MB. */
const DEFAULT_MAX_CHARACTERS = 128 * 1024 * 1024;
const DEFAULT_MAX_DEPTH = 64;
/** What is wrong may be a name of any length. */
const LONGEST_FAULT = 300;

interface OpenElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

export function parseXml(document: string, limits: XmlLimits = {}): XmlParseResult {
  const maxCharacters = limits.maxCharacters ?? DEFAULT_MAX_CHARACTERS;
  const maxDepth = limits.maxDepth ?? DEFAULT_MAX_DEPTH;
  if (document.length > maxCharacters)
    return { ok: false, fault: `it has more than ${maxCharacters} characters` };
  if (document.trim() === '') return { ok: false, fault: 'it is empty' };

  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  const parser = new SaxesParser();
  const addText = (text: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('doctype', () => parser.fail('a document type is not accepted.'));
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length >= maxDepth) throw parser.makeError(`nested more than ${maxDepth} deep.`);
    open.push({ name, attributes, children: [], text: '' });
  });
  parser.on('closetag', () => {
    const element = open.pop();
    if (element === undefined) return;
    if (element.children.length > 0 && element.text.trim() === '') element.text = '';
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  try {
    parser.write(document).close();
  } catch (thrown) {
    return { ok: false, fault: visible(messageOf(thrown), LONGEST_FAULT) };
  }
  return root === undefined ? { ok: false, fault: 'it has no element' } : { ok: true, root };
}
