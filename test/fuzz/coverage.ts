/**
 * Which code inputs have reached, by V8's own counters: the blocks of each function that no input has entered yet. Those that
 * become fewer are news.
 */
import { type Profiler, Session } from 'node:inspector';

/** Half-open, in order, none touching the next. */
type Ranges = readonly (readonly [start: number, end: number])[];

export class Coverage {
  readonly #session = new Session();
  readonly #scripts: (url: string) => boolean;
  /** By function. */
  readonly #unreached = new Map<string, Ranges>();
  #isOn = false;

  constructor(scripts: (url: string) => boolean) {
    this.#scripts = scripts;
    this.#session.connect();
    this.#session.post('Profiler.enable');
  }

  get functions(): number {
    return this.#unreached.size;
  }

  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.#take(); // what was reached before counts for nothing
  }

  /** While it is off, the code runs at its full speed. */
  stop(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#session.post('Profiler.stopPreciseCoverage');
  }

  /** Whether anything new was reached since the last call; it is known from now on if `learns`. */
  hasNews(learns: boolean): boolean {
    let isNew = false;
    for (const { scriptId, functions } of this.#take()) {
      for (const { ranges } of functions) {
        const [whole] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const key = `${scriptId}:${whole.startOffset}:${whole.endOffset}`;
        const now = unreachedIn(ranges);
        const before = this.#unreached.get(key);
        const left = before === undefined ? now : common(before, now);
        if (before !== undefined && lengthOf(left) === lengthOf(before)) continue;
        isNew = true;
        if (learns) this.#unreached.set(key, left);
      }
    }
    return isNew;
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let found: readonly Profiler.ScriptCoverage[] = [];
    // The answer of a session on this thread is there before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (_fault, answer) => {
      found = answer?.result.filter(({ url }) => this.#scripts(url)) ?? [];
    });
    return found;
  }
}

/** Blocks lie in one another, and in one that was not entered none was. */
function unreachedIn(ranges: readonly Profiler.CoverageRange[]): Ranges {
  const found: [number, number][] = [];
  const empty = ranges.filter(({ count }) => count === 0);
  for (const { startOffset, endOffset } of empty.toSorted((a, b) => a.startOffset - b.startOffset)) {
    const last = found.at(-1);
    if (last !== undefined && startOffset <= last[1]) last[1] = Math.max(last[1], endOffset);
    else found.push([startOffset, endOffset]);
  }
  return found;
}

function common(one: Ranges, other: Ranges): Ranges {
  const found: [number, number][] = [];
  for (const [start, end] of one) {
    for (const [from, to] of other) {
      const [least, most] = [Math.max(start, from), Math.min(end, to)];
      if (least < most) found.push([least, most]);
    }
  }
  return found;
}

const lengthOf = (ranges: Ranges) => ranges.reduce((sum, [start, end]) => sum + end - start, 0);
