/**
 * The decrypt command of version 1 (`vm-stonithd -c`): old configurations hold a line for the shell, and no shell ever
 * sees it. The line is split into words here, and the one command that everybody had is known and done in the process.
 */

import { basename } from 'node:path';
import { quoted } from '../../../shared/visible.ts';
import type { V1Digest } from './v1-cipher.ts';

export type V1Command =
  | { readonly kind: 'in-process'; readonly passphrase: string; readonly digest: V1Digest }
  | { readonly kind: 'program'; readonly argv: readonly string[] };

export type ReadV1Command =
  | { readonly ok: true; readonly command: V1Command }
  | { readonly ok: false; readonly fault: string };

/** One word, or the first thing that is none. Quotes may join with what is beside them. */
const PART = /'([^']*)'|"((?:[^"\\$`]|\\[^\n])*)"|\\([^\n])|([^\s'"\\$`|&;<>()*?[\]{}~#!]+)/y;
const BLANKS = /[ \t]+/y;

export function readV1Command(line: string): ReadV1Command {
  const split = splitWords(line);
  if (typeof split === 'string') return { ok: false, fault: split };
  if (split.length === 0) return { ok: false, fault: 'it is empty' };
  return { ok: true, command: recognise(split) ?? { kind: 'program', argv: split } };
}

/** The words, or the fault. */
function splitWords(line: string): readonly string[] | string {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; ) {
    BLANKS.lastIndex = at;
    PART.lastIndex = at;
    const blanks = BLANKS.exec(line);
    const part = PART.exec(line);
    if (blanks !== null) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += blanks[0].length;
    } else if (part !== null) {
      const [all, single, double, escaped, plain] = part;
      word = `${word ?? ''}${single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? ''}`;
      at += all.length;
    } else {
      // Not what follows: the passphrase is in this line, and this is logged.
      return `only a shell knows what ${quoted(line.charAt(at), 20)} (letter ${at + 1}) means, and none is used`;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** `openssl des-ede3 -d -base64 -k KEY` in all its spellings; undefined for whatever we would not do exactly alike. */
function recognise(words: readonly string[]): V1Command | undefined {
  const [program = '', ...parameters] = words;
  if (basename(program) !== 'openssl') return undefined;
  const flags = new Set<string>();
  let passphrase: string | undefined;
  let digest: V1Digest = 'md5';
  for (let at = 0; at < parameters.length; at++) {
    const parameter = parameters[at] ?? '';
    const name = at === 0 ? parameter : parameter.replace(/^--?/, '-');
    const value = parameters[at + 1];
    switch (name) {
      case '-k':
      case '-pass':
        passphrase = name === '-k' ? value : afterPrefix(value, 'pass:');
        if (passphrase === undefined) return undefined;
        at++;
        break;
      case '-md':
        if (value !== 'md5' && value !== 'sha256') return undefined;
        digest = value;
        at++;
        break;
      case '-provider':
        at++;
        break;
      default:
        flags.add(FLAGS.get(name) ?? 'unknown');
    }
  }
  const isKnown = flags.has('cipher') && flags.has('decrypt') && flags.has('base64') && !flags.has('unknown');
  if (!isKnown || passphrase === undefined) return undefined;
  return { kind: 'in-process', passphrase, digest };
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['enc', 'command'],
  ['des-ede3', 'cipher'],
  ['-des-ede3', 'cipher'],
  ['des-ede3-ecb', 'cipher'],
  ['-des-ede3-ecb', 'cipher'],
  ['-d', 'decrypt'],
  ['-base64', 'base64'],
  ['-a', 'base64'],
  ['-A', 'one-line'],
  ['-salt', 'salted'],
]);

function afterPrefix(text: string | undefined, prefix: string): string | undefined {
  return text?.startsWith(prefix) === true ? text.slice(prefix.length) : undefined;
}
