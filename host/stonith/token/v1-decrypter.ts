/**
 * From a token of version 1 to the name in it, in the way that the admin's `-c`, `-i` and `-e` say.
 *
 * Invariant: the token is data. No shell sees it; a program gets it on standard input or as one argument, and only when it
 * is a plain word of the letters that base64 and hexadecimal use, not beginning like an option. What comes out has to be
 * one resource id and nothing else.
 */
import { PmError } from '../../../shared/errors.ts';
import { type CommandRunner, describeResult } from '../../../shared/process/run-command.ts';
import { type BearerGrant, isResourceId } from './grant.ts';
import { type Refusal, refuse } from './refusal.ts';
import { LONGEST_TOKEN } from './token-text.ts';
import { decryptV1 } from './v1-cipher.ts';
import { readV1Command, type V1Command } from './v1-command.ts';

export interface V1Options {
  /** `-c` */
  readonly command: string;
  /** `-i`: the token goes to standard input, and not behind the command. */
  readonly usesStdin: boolean;
  /** `-e`: the exit status that means success. */
  readonly okExitCode: number;
  readonly run: CommandRunner;
  readonly deadlineMs?: number;
}

export type V1Decrypted = { readonly ok: true; readonly grant: BearerGrant } | Refusal;
export type V1Decrypter = (token: string) => Promise<V1Decrypted>;

const DEADLINE_MS = 5_000;
const MAX_OUTPUT_BYTES = 4096;
const PLAIN_WORD = /^[A-Za-z0-9+/=._][A-Za-z0-9+/=._-]*$/;

/** Throws when the command can't be used: the daemon must not start and then refuse everybody. */
export function v1Decrypter(options: V1Options): V1Decrypter {
  const read = readV1Command(options.command);
  if (!read.ok) {
    throw new PmError({
      code: 'usage',
      what: 'cannot use the decrypt command (-c)',
      fault: read.fault,
      remedy: 'put it into a script and name the script',
    });
  }
  return async (token) => {
    if (token.length > LONGEST_TOKEN || !PLAIN_WORD.test(token)) {
      return refuse('malformed', 'it is no plain word of the letters that version 1 tokens have');
    }
    const decrypted = await decrypt(token, read.command, options);
    if (typeof decrypted !== 'string') return decrypted;
    const resource = decrypted.replace(/\r?\n$/, '');
    if (isResourceId(resource)) return { ok: true, grant: { version: 1, resource } };
    return refuse('version-1-rubbish', 'what it decrypts to is no resource id: it was altered or mistyped');
  };
}

async function decrypt(token: string, command: V1Command, options: V1Options): Promise<string | Refusal> {
  if (command.kind === 'in-process') {
    const text = await decryptV1(token, command.passphrase, command.digest);
    return text ?? refuse('version-1-unreadable', "it can't be decrypted with the key of -c");
  }
  const { usesStdin, okExitCode, deadlineMs = DEADLINE_MS } = options;
  const argv = usesStdin ? command.argv : [...command.argv, token];
  const input = usesStdin ? `${token}\n` : '';
  const result = await options.run(argv, { input, deadlineMs, maxOutputBytes: MAX_OUTPUT_BYTES });
  if (result.kind === 'exited' && result.exitCode === okExitCode) return result.stdout;
  const fault = describeResult(command.argv.slice(0, 1), result).replaceAll(token, '(the token)');
  return refuse('version-1-unreadable', `the decrypt command failed: ${fault}`);
}
