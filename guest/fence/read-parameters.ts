/**
 * What the caller gave, by parameter name: from the command line if there is one, else from standard input.
 *
 * Standard input has `name=value` lines; `#` begins a comment, the last value wins, and what is not known is passed over,
 * for Pacemaker sends more than any agent needs. On the command line a person types, so there it is an error.
 */
import { quoted } from '../../shared/visible.ts';
import { longOption, type Parameter, parameters, takesValue } from './parameters.ts';

export type Given = ReadonlyMap<string, string>;
export type ReadParameters =
  | { readonly ok: true; readonly given: Given }
  | { readonly ok: false; readonly problem: string };

/** From standard input only: the node's own name, where no plug is sent. */
export const NODE_NAME = 'nodename';

export function fromInput(text: string): Given {
  const given = new Map<string, string>();
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const equals = line.indexOf('=');
    if (line === '' || line.startsWith('#') || equals < 0) continue;
    const name = canonicalName(line.slice(0, equals).trim().replaceAll('-', '_'));
    if (name === undefined) continue;
    const value = line.slice(equals + 1).trim();
    given.set(name, /^"(.*)"$/.exec(value)?.[1] ?? value);
  }
  return given;
}

export function fromArguments(words: readonly string[]): ReadParameters {
  const given = new Map<string, string>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { parameter, attached, more } = findOption(word);
    if (parameter === undefined) return refuse(`${quote(word)} is no option`);
    if (more !== undefined) rest.unshift(more);
    if (!takesValue(parameter)) {
      if (attached !== undefined) return refuse(`${longOption(parameter)} takes no value`);
      given.set(parameter.name, '1');
      continue;
    }
    const value = attached ?? rest.shift();
    if (value === undefined) return refuse(`${word} needs a value`);
    given.set(parameter.name, value);
  }
  return { ok: true, given };
}

interface Option {
  readonly parameter?: Parameter | undefined;
  /** `--name=VALUE`, `-nVALUE` */
  readonly attached?: string | undefined;
  /** The other letters in `-vq`. */
  readonly more?: string | undefined;
}

function findOption(word: string): Option {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    const name = canonicalName((equals < 0 ? word : word.slice(0, equals)).slice(2).replaceAll('-', '_'));
    const parameter = parameters.find((one) => one.name === name);
    return { parameter, attached: equals < 0 ? undefined : word.slice(equals + 1) };
  }
  if (!word.startsWith('-')) return {};
  const parameter = parameters.find(({ letter }) => letter !== undefined && letter === word[1]);
  const tail = word.length > 2 ? word.slice(2) : undefined;
  if (parameter === undefined || takesValue(parameter)) return { parameter, attached: tail };
  return { parameter, more: tail === undefined ? undefined : `-${tail}` };
}

function canonicalName(name: string): string | undefined {
  if (name === NODE_NAME) return name;
  return parameters.find((one) => one.name === name || one.formerly === name)?.name;
}

const refuse = (problem: string): ReadParameters => ({ ok: false, problem });
const quote = (text: string) => quoted(text, 40);
