/** Prints a report: words for people, or one JSON object for programs. */
import type { Catalogue, Message } from '../messages/message.ts';
import { render } from '../messages/render.ts';
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
    process.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return report.exitCode;
  }
  for (const warning of words(report.warnings)) {
    process.stderr.write(`vm-ctl: ${catalogue['warning']}: ${warning}\n`);
  }
  for (const problem of words(report.problems)) process.stderr.write(`vm-ctl: ${problem}\n`);
  if (report.text !== undefined) process.stdout.write(report.text);
  if (!isQuiet) for (const line of words(report.lines)) process.stdout.write(`${line}\n`);
  return report.exitCode;
}
