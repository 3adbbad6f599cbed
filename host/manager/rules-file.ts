/** The rules as they are on disk now. Throws for a file that is not there or has a fault in it, and names all of them. */
import { readConfigFile } from '../../shared/config/config-file.ts';
import { formatProblem } from '../../shared/config/problem.ts';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import { type RuleBook, readRules, ruleBook } from './rules.ts';

export function loadRules(file: string, onWarning: (message: string) => void): RuleBook {
  let text: string;
  try {
    text = readConfigFile(file);
  } catch (thrown) {
    const isMissing = systemCodeOf(thrown) === 'ENOENT';
    throw unusable(
      file,
      isMissing ? 'there is no such file' : messageOf(thrown),
      'write it (see vm-manager.conf(5)) or name another with -c',
    );
  }
  const result = readRules(file, text);
  if (!result.ok) throw unusable(file, result.problems.map(formatProblem), 'mend the file');
  for (const warning of result.warnings) onWarning(formatProblem(warning));
  return ruleBook(result.entries);
}

const unusable = (file: string, fault: string | readonly string[], remedy: string) =>
  new PmError({ code: 'config', what: `cannot use the rules in ${file}`, fault, remedy });
