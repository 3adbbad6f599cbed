/**
 * Writes a tree as XML that reads back as the same tree: `parseXml(printXml(tree))` is `tree`.
 *
 * What XML has no form for (control characters, half surrogates, names that are no names) is refused, not altered.
 */
import { PmError } from '../../shared/errors.ts';
import type { XmlElement } from './xml-element.ts';

const NAME_START =
  ':A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d' +
  '\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NAME = new RegExp(`^[${NAME_START}][${NAME_START}.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040-]*$`, 'u');
const NO_XML_CHARACTER = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Whether a text can stand in an XML document at all. */
export const isXmlText = (text: string): boolean => !NO_XML_CHARACTER.test(text);

export function printXml(root: XmlElement): string {
  const parts: string[] = [];
  printElement(root, '\n', parts);
  return `${parts.join('').trimStart()}\n`;
}

/** `lineStart` is the line break and indentation before each tag, empty where white space would be text. */
function printElement(element: XmlElement, lineStart: string, parts: string[]): void {
  const name = checkedName(element.name);
  parts.push(lineStart, '<', name);
  for (const [key, value] of Object.entries(element.attributes)) {
    parts.push(' ', checkedName(key), '="', escapeAttribute(value), '"');
  }
  if (element.children.length === 0 && element.text === '') {
    parts.push('/>');
    return;
  }
  parts.push('>', escapeText(element.text));
  const isPretty = lineStart !== '' && element.text === '';
  for (const child of element.children) printElement(child, isPretty ? `${lineStart}  ` : '', parts);
  if (isPretty) parts.push(lineStart);
  parts.push('</', name, '>');
}

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
};
/** White space in a value would be read back as blanks. */
const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = {
  ...TEXT_ESCAPES,
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
};

const escapeText = (text: string) =>
  checkedText(text).replace(/[&<>\r]/g, (character) => TEXT_ESCAPES[character] ?? '');

const escapeAttribute = (text: string) =>
  checkedText(text).replace(/[&<>\r"\t\n]/g, (character) => ATTRIBUTE_ESCAPES[character] ?? '');

function checkedText(text: string): string {
  if (isXmlText(text)) return text;
  throw unprintable(text, 'it has a character that XML has no form for');
}

function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw unprintable(name, 'that is no name in XML');
}

function unprintable(text: string, fault: string): PmError {
  return new PmError({
    code: 'usage',
    what: `cannot write ${JSON.stringify(text.slice(0, 100))} as XML`,
    fault,
    remedy: 'use a name without control characters',
  });
}
