/** The language of the person at the terminal, from the environment as every program reads it. */
import type { Catalogue } from './message.ts';

export type Language = 'en' | 'ja';

export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale = [environment['LC_ALL'], environment['LC_MESSAGES'], environment['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return /^ja(?:[_.@]|$)/.test(locale ?? '') ? 'ja' : 'en';
}

/** Only the catalogue that is needed is loaded. */
export async function catalogueOf(language: Language): Promise<Catalogue> {
  return language === 'ja' ? (await import('./ja.ts')).ja : (await import('./en.ts')).en;
}
