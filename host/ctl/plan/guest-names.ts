/**
 * The guests that a command line means: names and shell patterns, parted by commas, blanks behind them or not.
 *
 * A name that exists is that guest, whatever characters it has; only one that does not is tried as a pattern.
 */
import { type Message, message } from '../messages/message.ts';

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
  wanted: readonly string[],
  known: ReadonlySet<string>,
  missing: (name: string) => Message,
): MeantNames {
  const names = new Set<string>();
  const problems: Message[] = [];
  for (const name of wanted) {
    const matches = known.has(name) ? [name] : matching(name, known);
    if (matches.length === 0) {
      problems.push(isPattern(name) ? message('pattern-matches-nothing', { pattern: name }) : missing(name));
    }
    for (const match of matches) names.add(match);
  }
  return { names: [...names], problems };
}

export const isPattern = (name: string): boolean => /[*?[]/.test(name);

function matching(pattern: string, known: ReadonlySet<string>): readonly string[] {
  if (!isPattern(pattern)) return [];
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
