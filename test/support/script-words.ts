/** The command lines of this project's own scripts (`npm run NAME -- …`). What is not understood ends them before they begin. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf } from '../../shared/errors.ts';

const USAGE_ERROR = 2;

export function scriptWords<Config extends ParseArgsConfig>(usage: string, config: Config) {
  if (['--help', '-h'].some((word) => process.argv.includes(word))) {
    console.log(usage);
    process.exit();
  }
  try {
    return parseArgs(config);
  } catch (thrown) {
    return refuse(usage, messageOf(thrown));
  }
}

/** A whole number of things of which there is one at least. */
export function countIn(usage: string, name: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  return refuse(usage, `${name} takes a whole number above 0, not ${JSON.stringify(text)}`);
}

export function refuse(usage: string, fault: string): never {
  console.error(`${fault}\n\n${usage}`);
  process.exit(USAGE_ERROR);
}
