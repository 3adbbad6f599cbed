/** A command line that can't be meant: all that is wrong with it. */
import { type Message, message } from '../messages/message.ts';
import { EXIT, type Report } from '../report/report.ts';

export const usage = (problems: readonly Message[]): Report => ({
  exitCode: EXIT.failed,
  problems: [...problems, message('see-help')],
});
