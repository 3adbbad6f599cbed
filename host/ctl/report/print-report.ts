/** Prints a report: words for people, or one JSON object for programs. */

import { visibleJson } from '../../../shared/visible.ts';
import type { Catalogue, Message } from '../messages/message.ts';
import { render } from '../messages/render.ts';
import { forReader } from './columns.ts';
import type { Report } from './report.ts';

export interface Output {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly catalogue: Catalogue;
}

/** The exit status. */
export function printReport(report: Report, { isJson, isQuiet, catalogue }: Output): number {
  if (report.isPrinted === true) return report.exitCode;
  const words = (messages: readonly Message[] = []) => messages.map((one) => render(one, catalogue));
  if (isJson) {
    const told = (messages: readonly Message[] = []) =>
      messages.map((one) => ({ key: one.key, message: render(one, catalogue), ...one.values }));
    const answer = {
      ok: report.exitCode === 0,
      ...report.data,
      ...(report.data === undefined && report.text !== undefined ? { text: report.text } : {}),
      problems: told(report.problems),
      warnings: told(report.warnings),
    };
    process.stdout.write(`${visibleJson(answer, 2)}\n`);
    return report.exitCode;
  }
  const complain = (text: string) =>
    process.stderr.write(`${forReader(`vm-ctl: ${text}`, process.stderr)}\n`);
  for (const warning of words(report.warnings)) complain(`${catalogue['warning']}: ${warning}`);
  for (const problem of words(report.problems)) complain(problem);
  if (report.text !== undefined) process.stdout.write(report.text);
  if (isQuiet) return report.exitCode;
  for (const line of report.lines ?? []) {
    const text = render(line, catalogue);
    const isSentence = line.key !== 'plain'; // the others are to be copied, or stand in columns
    process.stdout.write(`${isSentence ? forReader(text, process.stdout) : text}\n`);
  }
  return report.exitCode;
}
