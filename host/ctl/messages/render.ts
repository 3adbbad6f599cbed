/** Messages to words. A value is shown as it is, but for what would move a terminal's cursor or colour it. */
import type { Catalogue, Message } from './message.ts';

export function render({ key, values }: Message, catalogue: Catalogue): string {
  return catalogue[key].replace(/\{(\w+)\}/g, (_, name: string) => visible(String(values[name] ?? '')));
}

/** Control and format characters and what parts lines, spelled out; line breaks, which long faults have, stay. */
export const visible = (text: string): string =>
  text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
