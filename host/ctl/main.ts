/**
 * vm-ctl from the command line to the exit status:
 *
 *   argv -> command line -> session -> lock -> command (plan, apply) -> report -> words or JSON
 *
 * Only what a command needs is loaded: asking for help starts no more than Node and a catalogue.
 */
import { type CommandLine, parseCommandLine } from './command/options.ts';
import { catalogueOf, languageOf } from './messages/language.ts';
import { message } from './messages/message.ts';
import { printReport } from './report/print-report.ts';
import { EXIT } from './report/report.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const language = languageOf(process.env);
  const catalogue = await catalogueOf(language);
  const line = parseCommandLine(argv);
  if (line.kind !== 'command') return tellUsage(line, language, catalogue);
  const { runCommandLine } = await import('./command/run-command-line.ts');
  return runCommandLine(line, ['vm-ctl', ...argv].join(' '), catalogue);
}

async function tellUsage(
  line: Exclude<CommandLine, { kind: 'command' }>,
  language: 'en' | 'ja',
  catalogue: Awaited<ReturnType<typeof catalogueOf>>,
): Promise<number> {
  const { helpText } = await import('./command/help.ts');
  if (line.kind === 'help') {
    process.stdout.write(await helpText(line.topic, language));
    return EXIT.ok;
  }
  const problem =
    line.kind === 'unknown-command'
      ? message('unknown-command', { words: line.words })
      : message(line.fault, { command: line.command, option: line.option });
  const topic = line.kind === 'unknown-command' ? line.topic : line.command;
  printReport({ exitCode: EXIT.failed, problems: [problem] }, { isJson: false, isQuiet: false, catalogue });
  process.stderr.write(await helpText(topic, language));
  return EXIT.failed;
}
