/** `--help`, on every level. */
import type { Language } from '../messages/language.ts';
import type { CommandName } from './options.ts';

export type HelpTopic = '' | 'resource' | 'location' | 'key' | 'token' | 'host' | 'guest' | CommandName;
export type HelpTexts = Readonly<Record<HelpTopic, string>>;

export async function helpText(topic: string, language: Language): Promise<string> {
  const texts: HelpTexts =
    language === 'ja' ? (await import('./help-ja.ts')).helpJa : (await import('./help-en.ts')).helpEn;
  return `${isTopic(topic, texts) ? texts[topic] : texts['']}\n`;
}

const isTopic = (topic: string, texts: HelpTexts): topic is HelpTopic => Object.hasOwn(texts, topic);
