/**
 * `status`: one screen of guests, hosts, health, links and fencings; with --watch again and again, on a terminal in
 * the same place, elsewhere block after block.
 */

import { visibleJson } from '../../../shared/visible.ts';
import { pause } from '../cluster/pause.ts';
import type { Session } from '../cluster/session.ts';
import { type Catalogue, message } from '../messages/message.ts';
import { render } from '../messages/render.ts';
import type { Output } from '../report/print-report.ts';
import { EXIT, type Report } from '../report/report.ts';
import { gatherSeen } from '../status/gather-seen.ts';
import { printStatus, problemsOf, type Screen } from '../status/print-status.ts';
import { statusJson } from '../status/status-json.ts';
import { viewOf } from '../status/view.ts';
import type { Invocation } from './invocation.ts';
import { usage } from './usage.ts';

const WIDTH = 80;
const NARROWEST = 60;
const INTERVAL_S = 2;

export async function runStatus(
  session: Session,
  { names, options }: Invocation,
  output: Output,
): Promise<Report> {
  const intervalMs = intervalOf(options.text('interval'));
  if (names.length > 0) return usage([message('no-names-here', { names: names.join(' ') })]);
  if (intervalMs === undefined) return usage([message('interval-form')]);
  if (!options.flag('watch')) return once(session, output.catalogue);
  await watch(session, intervalMs, output);
  return { exitCode: EXIT.ok, isPrinted: true };
}

function intervalOf(text: string | undefined): number | undefined {
  if (text === undefined) return INTERVAL_S * 1000;
  const seconds = /^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  return seconds >= 0.1 ? seconds * 1000 : undefined;
}

/** What could not be asked stands on the screen; the exit status tells it to scripts. */
async function once(session: Session, catalogue: Catalogue): Promise<Report> {
  const seen = await gatherSeen(session);
  const view = viewOf(seen);
  const problems = problemsOf(seen);
  return {
    exitCode: problems.length === 0 ? EXIT.ok : EXIT.unavailable,
    text: printStatus(seen, view, catalogue, screenOf(false)),
    data: {
      ...statusJson(seen, view),
      notAsked: problems.map((one) => ({ key: one.key, message: render(one, catalogue) })),
    },
  };
}

const HOME = '\u001b[H';
const CLEAR_REST_OF_LINE = '\u001b[K';
const CLEAR_REST = '\u001b[J';
const CLEAR = '\u001b[2J';

/** Until Ctrl-C, which is its usual end. */
async function watch(session: Session, intervalMs: number, { isJson, catalogue }: Output): Promise<void> {
  const isTerminal = process.stdout.isTTY === true && !isJson;
  let isOpen = true;
  process.stdout.on('error', () => {
    isOpen = false;
  });
  if (isTerminal) process.stdout.write(CLEAR);
  for (let isFirst = true; isOpen; isFirst = false) {
    const seen = await gatherSeen(session);
    if (session.interrupted.aborted) return;
    const view = viewOf(seen);
    if (isJson) {
      process.stdout.write(`${visibleJson(statusJson(seen, view))}\n`);
    } else if (isTerminal) {
      const screen = screenOf(true);
      const rows = printStatus(seen, view, catalogue, screen).trimEnd().split('\n');
      const shown = rows.slice(0, Math.max(1, (screen.height ?? rows.length) - 1));
      const painted = shown.map((row) => `${row}${CLEAR_REST_OF_LINE}\n`).join('');
      process.stdout.write(`${HOME}${painted}${CLEAR_REST}`);
    } else {
      process.stdout.write(`${isFirst ? '' : '\n'}${printStatus(seen, view, catalogue, screenOf(false))}`);
    }
    if (!(await pause(session, intervalMs))) return;
  }
}

function screenOf(isWatched: boolean): Screen {
  const columns = process.stdout.isTTY === true ? process.stdout.columns : WIDTH;
  return {
    width: Math.max(NARROWEST, Math.min(WIDTH, columns)),
    height: isWatched ? process.stdout.rows : undefined,
  };
}
