/** Takes settings by name out of what a file sets, and notes what is wrong with them. */
import { excerpt, type ProblemList } from '../../../shared/config/problem.ts';
import type { ShellEntry } from '../../../shared/config/shell-config.ts';
import { type DependencyEntry, type Form, wordsOf } from './value-forms.ts';

export class SettingReader {
  readonly #entries: ReadonlyMap<string, ShellEntry>;
  readonly #problems: ProblemList;
  readonly #known = new Set<string>();
  readonly #dependencies = new Map<string, string>();

  constructor(entries: readonly ShellEntry[], problems: ProblemList) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.#problems = problems;
  }

  value<T>(name: string, form: Form<T>, byDefault: T): T {
    const entry = this.#take(name);
    return entry === undefined ? byDefault : (this.#read(entry, form) ?? byDefault);
  }

  /** An entry such as `vm_pingd3`; an empty one is as good as none. */
  dependency(name: string, form: Form<DependencyEntry>): DependencyEntry | undefined {
    const entry = this.#take(name);
    if (entry === undefined || wordsOf(entry).length === 0) return undefined;
    const read = this.#read(entry, form);
    if (read === undefined) return undefined;
    // Ids of constraints are made of these names.
    for (const [what, word] of [['clone', read.clone] as const, ['attribute', read.attribute] as const]) {
      if (word === undefined) continue;
      const former = this.#dependencies.get(`${what} ${word}`);
      if (former !== undefined) {
        this.#problems.error(
          entry,
          `${name} names the ${what} ${excerpt(word)}, which ${former} names already`,
          'remove one of the two',
        );
      }
      this.#dependencies.set(`${what} ${word}`, name);
    }
    return read;
  }

  warnOfUnknown(): void {
    for (const [name, entry] of this.#entries) {
      if (this.#known.has(name)) continue;
      const isNumbered = /^vm_(?:ping|disk|manager|stonith)d\d+$/.test(name);
      this.#problems.warning(
        entry,
        `${excerpt(name)} is not known here and is passed over`,
        isNumbered ? 'number them from 1 to 10' : 'see whether it is mistyped',
      );
    }
  }

  #take(name: string): ShellEntry | undefined {
    this.#known.add(name);
    return this.#entries.get(name);
  }

  #read<T>(entry: ShellEntry, form: Form<T>): T | undefined {
    const words = form.isText === true && entry.kind === 'value' ? [entry.value] : wordsOf(entry);
    const read = form.read(words);
    if (read === undefined) {
      const found = entry.kind === 'list' ? `(${entry.values.join(' ')})` : entry.value;
      this.#problems.error(
        entry,
        `${entry.name} is ${excerpt(found)}, which is not of the right form`,
        `write ${entry.name}=${form.shape}`,
      );
    }
    return read;
  }
}
