/**
 * The guests that a command line means: names and shell patterns, parted by commas, blanks behind them or not.
 *
 * A name that exists is that guest, whatever characters it has; only one that does not is tried as a pattern, and one
 * that stood behind `--` never is: who deletes the guest `web*` twice must not lose web1.
 */
import { type Message, message } from '../messages/message.ts';

export interface WantedName {
  readonly text: string;
  /** It stood behind `--`. */
  readonly isLiteral: boolean;
}

/** `words` of a command line, and the `literal` ones behind `--`. */
export const wantedNames = (words: readonly string[], literal: readonly string[]): readonly WantedName[] => [
  ...splitNames(words).map((text) => ({ text, isLiteral: false })),
  ...splitNames(literal).map((text) => ({ text, isLiteral: true })),
];

/** A comma that belongs to a name is written `\,`. Duplicates fold into one. */
export function splitNames(words: readonly string[]): readonly string[] {
  const names = words
    .flatMap((word) => word.match(/(?:\\,|[^,])+/g) ?? [])
    .map((name) => name.replaceAll('\\,', ',').trim())
    .filter((name) => name !== '');
  return [...new Set(names)];
}

export interface MeantNames {
  readonly names: readonly string[];
  readonly problems: readonly Message[];
}

/** `missing` makes the problem of a name that is none of `known`. */
export function meantNames(
  wanted: readonly WantedName[],
  known: ReadonlySet<string>,
  missing: (name: string) => Message,
): MeantNames {
  const names = new Set<string>();
  const problems: Message[] = [];
  for (const name of wanted) {
    const { text } = name;
    const matches = known.has(text) ? [text] : isPattern(name) ? matching(text, known) : [];
    if (matches.length === 0) {
      problems.push(isPattern(name) ? message('pattern-matches-nothing', { pattern: text }) : missing(text));
    }
    for (const match of matches) names.add(match);
  }
  return { names: [...names], problems };
}

/** The names where nobody knows which guests there are: a pattern can't be tried then. */
export function namesAsTheyAre(wanted: readonly WantedName[]): MeantNames {
  return {
    names: [...new Set(wanted.filter((name) => !isPattern(name)).map(({ text }) => text))],
    problems: wanted.filter(isPattern).map(({ text }) => message('pattern-needs-libvirt', { pattern: text })),
  };
}

const isPattern = ({ text, isLiteral }: WantedName): boolean => !isLiteral && /[*?[]/.test(text);

function matching(pattern: string, known: ReadonlySet<string>): readonly string[] {
  const expression = patternExpression(pattern);
  return [...known].filter((name) => expression.test(name)).sort();
}

/** `*`, `?`, `[a-z]` and `[!a-z]`, as in a shell. Every step takes at least a character but `*`, of which runs fold. */
function patternExpression(pattern: string): RegExp {
  const source = pattern.replace(/\*+|\?|\[(!?)([^\]]+)\]|[\s\S]/g, (part, not: string, set: string) => {
    if (part.startsWith('*')) return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\^[\]]/g, '\\$&')}]`;
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /(?!)/; // such as [z-a]
  }
}
