/**
 * What vm-ctl tells people, as data: a key of the catalogues and the values that stand in the sentence.
 *
 * Plans, checks and effects make messages; only the report and the terminal turn them into words.
 */
import type { en } from './en.ts';

export type MessageKey = keyof typeof en;
export type Catalogue = Readonly<Record<MessageKey, string>>;

export interface Message {
  readonly key: MessageKey;
  readonly values: MessageValues;
}

export type MessageValues = Readonly<Record<string, string | number>>;

/** The names in braces of a sentence. */
type NamesIn<Sentence extends string> = Sentence extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
type ValuesOf<Key extends MessageKey> = [NamesIn<(typeof en)[Key]>] extends [never]
  ? []
  : [Readonly<Record<NamesIn<(typeof en)[Key]>, string | number>>];

export function message<Key extends MessageKey>(key: Key, ...[values]: ValuesOf<Key>): Message {
  return { key, values: values ?? {} };
}
