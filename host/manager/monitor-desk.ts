/**
 * Which questions of guests are open, and what they are answered: pure, without sockets or time.
 *
 *            asked                    values known          answered
 *   (new) ---------> waiting -----------------------------> gone
 *                      |  values known, and the asker        ^
 *                      |  knows them already                 |  they are others now, or `end`
 *                      +---------------> watching -----------+
 *
 * A question is names of attributes. One that says what its asker knows already is answered when that holds no longer
 * (docs/protocol.md, "Host health").
 *
 * Invariant: only attributes that the rules name are told, for the others are nobody's business in a guest; and nothing is
 * told that was not read from the cluster: while it gives no answer, neither do we.
 */
import type { NamedValues } from '../pacemaker/attribute-sets.ts';
import { type RuleBook, wordFor } from './rules.ts';

export interface Question {
  readonly names: readonly string[];
  /** The answer that the asker has; undefined: it wants the present one. */
  readonly known: string | undefined;
}

export interface HealthAnswer {
  /** `name=value,name=value`: what both versions of the protocol carry. */
  readonly text: string;
  readonly values: Readonly<Record<string, string>>;
}

export interface Given<Key> {
  readonly key: Key;
  readonly answer: HealthAnswer;
}

const MOST_NAMES = 256;

/** Undefined for a request that names nothing, or too much. */
export function questionOf(text: string, known: string | undefined): Question | undefined {
  const names = text.split(/\s+/).filter((name) => name !== '');
  return names.length === 0 || names.length > MOST_NAMES ? undefined : { names, known };
}

export function answerTo({ names }: Question, rules: RuleBook, values: NamedValues): HealthAnswer {
  const told = names.map((name) => {
    const ofName = rules.get(name);
    return [name, ofName === undefined ? '' : wordFor(ofName, values.get(name))] as const;
  });
  return {
    text: told.map(([name, value]) => `${name}=${carried(value)}`).join(','),
    values: Object.fromEntries(told),
  };
}

/** Values stand between commas on one line. */
const carried = (value: string) => value.replace(/[\p{Cc},]/gu, '_');

interface Open {
  readonly question: Question;
  isEnding: boolean;
}

export class MonitorDesk<Key> {
  readonly #open = new Map<Key, Open>();
  rules: RuleBook;

  constructor(rules: RuleBook) {
    this.rules = rules;
  }

  add(key: Key, question: Question): void {
    this.#open.set(key, { question, isEnding: false });
  }

  /** Its asker is to be told the values in any case now. */
  end(key: Key): void {
    const open = this.#open.get(key);
    if (open !== undefined) open.isEnding = true;
  }

  remove(key: Key): void {
    this.#open.delete(key);
  }

  /** Who has to be told what, by these values; `only` one of them, where the others have been looked at. */
  settle(values: NamedValues, only?: Key): readonly Given<Key>[] {
    const one = only === undefined ? undefined : this.#open.get(only);
    const looked = only === undefined ? [...this.#open] : one === undefined ? [] : [[only, one] as const];
    return looked.flatMap(([key, { question, isEnding }]) => {
      const answer = answerTo(question, this.rules, values);
      if (answer.text === question.known && !isEnding) return [];
      this.#open.delete(key);
      return [{ key, answer }];
    });
  }
}
