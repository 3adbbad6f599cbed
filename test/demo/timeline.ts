/**
 * A story as it happens: every step with its beginning, its words and how long it took. On a terminal the step under
 * way stands on the last line and counts; in a log each step is one line, written when it is done.
 */
import { wrapped } from '../../host/ctl/report/columns.ts';

export const WIDTH = 100;
const INDENT = ' '.repeat(10);

export interface Entry {
  readonly atMs: number;
  readonly kind: 'act' | 'step' | 'said' | 'stage';
  readonly text: string;
  /** Of steps and stages. */
  readonly tookMs?: number;
}

export class Timeline {
  readonly entries: Entry[] = [];
  readonly #startedMs = performance.now();

  get nowMs(): number {
    return performance.now() - this.#startedMs;
  }

  act(text: string): void {
    this.#add({ atMs: this.nowMs, kind: 'act', text }, `\n${bold(text)}`);
  }

  /** What the action returns is what there is to be seen of it. */
  async step<T>(text: string, action: () => Promise<T>): Promise<T> {
    const atMs = this.nowMs;
    const ticker = process.stdout.isTTY
      ? setInterval(() => process.stdout.write(`\r${firstLine(atMs, text, this.nowMs - atMs)}`), 200)
      : undefined;
    try {
      const result = await action();
      clearInterval(ticker);
      const tookMs = this.nowMs - atMs;
      if (ticker !== undefined) process.stdout.write('\r');
      this.#add({ atMs, kind: 'step', text, tookMs }, lines(atMs, text, tookMs));
      if (typeof result === 'string' && result !== '') this.#say(result);
      return result;
    } catch (thrown) {
      clearInterval(ticker);
      console.log(
        `${ticker === undefined ? '' : '\r'}${lines(atMs, text, this.nowMs - atMs)}\n${INDENT}failed`,
      );
      throw thrown;
    }
  }

  #say(text: string): void {
    for (const one of text.trimEnd().split('\n')) {
      for (const piece of wrapped(one, WIDTH - INDENT.length))
        this.#add(
          { atMs: this.nowMs, kind: 'said', text: piece },
          piece === '' ? '' : `${INDENT}${dim(piece)}`,
        );
    }
  }

  /** A moment in what was just done, counted from its beginning. */
  stage(text: string, sinceMs: number): void {
    const entry = { atMs: this.nowMs, kind: 'stage', text, tookMs: sinceMs } as const;
    this.#add(entry, `${INDENT}${`${Math.round(sinceMs)} ms`.padStart(9)}  ${text}`);
  }

  #add(entry: Entry, shown: string): void {
    this.entries.push(entry);
    console.log(shown);
  }
}

const TOOK_WIDTH = 8;
const ROOM = WIDTH - INDENT.length - TOOK_WIDTH;

function firstLine(atMs: number, text: string, tookMs: number): string {
  const [first = ''] = wrapped(text, ROOM);
  return `${seconds(atMs).padStart(8)}  ${first.padEnd(ROOM)}${seconds(tookMs).padStart(TOOK_WIDTH)}`;
}

function lines(atMs: number, text: string, tookMs: number): string {
  const others = wrapped(text, ROOM).slice(1);
  return [firstLine(atMs, text, tookMs), ...others.map((words) => `${INDENT}  ${words}`)].join('\n');
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const hasColour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
const styled = (code: number) => (text: string) => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = styled(1);
const dim = styled(2);
