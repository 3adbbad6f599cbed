/** Words as the tools read them that load what is printed here. */

/** crmsh splits lines as a shell does. */
export const crmQuoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
