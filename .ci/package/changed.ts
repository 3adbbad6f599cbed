/** When what is packaged was changed last: the same for all who build it, whenever they do. */
import { execFileSync } from 'node:child_process';
import { messageOf, PmError } from '../../shared/errors.ts';

/** SOURCE_DATE_EPOCH says it where there is no git. */
export function lastChange(): Date {
  const seconds = process.env['SOURCE_DATE_EPOCH'] ?? ofLastCommit();
  if (/^\d+$/.test(seconds)) return new Date(Number(seconds) * 1000);
  throw unknown(`"${seconds}" is no number of seconds`);
}

function ofLastCommit(): string {
  const argv = ['log', '-1', '--format=%ct'];
  try {
    return execFileSync('git', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (thrown) {
    throw unknown(messageOf(thrown).trim(), thrown);
  }
}

const unknown = (fault: string, cause?: unknown) =>
  new PmError({
    code: 'environment',
    what: 'cannot date the changelog of the packages',
    fault,
    remedy: 'set SOURCE_DATE_EPOCH to the seconds since 1970 of the last change',
    cause,
  });
