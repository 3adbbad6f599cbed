/** Words as the tools read them that load what is printed here. */

/** crmsh splits lines as a shell does. */
export const crmQuoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** crmsh writes `&amp;#26085;` for a character that is none of ASCII: another name, and a file that is not there. */
export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
