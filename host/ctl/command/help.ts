/** `--help`, on every level, in 80 columns. */
import type { Language } from '../messages/language.ts';
import { widthOf, wrapped } from '../report/columns.ts';
import type { CommandName } from './options.ts';

export type HelpTopic = '' | 'resource' | 'location' | 'key' | 'token' | 'host' | 'guest' | CommandName;
export type HelpTexts = Readonly<Record<HelpTopic, string>>;

export async function helpText(topic: string, language: Language): Promise<string> {
  const texts: HelpTexts =
    language === 'ja' ? (await import('./help-ja.ts')).helpJa : (await import('./help-en.ts')).helpEn;
  const text = isTopic(topic, texts) ? texts[topic] : texts[''];
  return `${inColumns(text, language)}\n`;
}

const isTopic = (topic: string, texts: HelpTexts): topic is HelpTopic => Object.hasOwn(texts, topic);

const WIDTH = 80;
/** What stands before the description of an option or a command. */
const TERM = /^ {2,}\S+(?: \S+)* {2,}(?=\S)/;

/** Lines without indentation that follow each other are one paragraph; what a shell is to read stays as it is. */
function inColumns(text: string, language: Language): string {
  const lines: string[] = [];
  let paragraph = '';
  const end = () => {
    if (paragraph !== '') lines.push(...wrapped(paragraph, WIDTH));
    paragraph = '';
  };
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph += (paragraph === '' || language === 'ja' ? '' : ' ') + line;
      continue;
    }
    end();
    const [start = ''] = TERM.exec(line) ?? [];
    if (start === '' || widthOf(line) <= WIDTH) lines.push(line);
    else lines.push(...described(start, line.slice(start.length)));
  }
  end();
  return lines.join('\n');
}

function described(start: string, words: string): readonly string[] {
  const indent = widthOf(start);
  return wrapped(words, WIDTH - indent).map(
    (line, index) => (index === 0 ? start : ' '.repeat(indent)) + line,
  );
}
