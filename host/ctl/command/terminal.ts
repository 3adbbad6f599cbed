/** The person at the terminal: told what goes on, shown progress on one line, asked before what can't be taken lightly. */
import { createInterface } from 'node:readline/promises';
import type { Session } from '../cluster/session.ts';
import { render } from '../messages/render.ts';
import { forReader } from '../report/columns.ts';
import type { Output } from '../report/print-report.ts';

export type Terminal = Pick<Session, 'tell' | 'showProgress' | 'confirm'>;

const CLEAR_LINE = '\r\u001b[K';

/** Without a terminal there is no progress line, and nobody is asked. Who is asked and leaves has said no. */
export function terminal({ isJson, isQuiet, catalogue }: Output, interrupted: AbortSignal): Terminal {
  const isSeen = process.stderr.isTTY === true && !isQuiet && !isJson;
  let isLineOpen = false;
  const clear = () => {
    if (isLineOpen) process.stderr.write(CLEAR_LINE);
    isLineOpen = false;
  };
  return {
    tell(told) {
      if (isQuiet || isJson) return;
      clear();
      process.stderr.write(`${forReader(render(told, catalogue), process.stderr)}\n`);
    },
    showProgress(shown) {
      if (!isSeen) return;
      clear();
      if (shown === undefined) return;
      const width = process.stderr.columns ?? 80;
      process.stderr.write(render(shown, catalogue).slice(0, width - 1));
      isLineOpen = true;
    },
    async confirm(question) {
      if (process.stdin.isTTY !== true || process.stderr.isTTY !== true || isJson) return true;
      clear();
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      const words = `${render(question, catalogue)} ${catalogue['yes-or-no']} `;
      try {
        const answer = await lines.question(words, { signal: interrupted });
        return /^\s*(?:y|yes|はい)\s*$/i.test(answer);
      } catch (thrown) {
        if (!(thrown instanceof Error) || thrown.name !== 'AbortError') throw thrown;
        process.stderr.write('\n');
        return false;
      } finally {
        lines.close();
      }
    },
  };
}
