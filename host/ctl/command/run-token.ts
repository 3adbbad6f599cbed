/** `token make|explain`: what lets one guest fence another. */

import type { GivenOptions } from '../../../shared/command-line.ts';
import { isOperation, OPERATIONS, type Operation } from '../../stonith/token/grant.ts';
import { loadKeys } from '../../stonith/token/key-file.ts';
import { type ExplainedToken, explainToken, makeToken } from '../../stonith/token/token-commands.ts';
import { resourceId } from '../definition/guest-ids.ts';
import { type Message, message } from '../messages/message.ts';
import { EXIT, type Report } from '../report/report.ts';
import { expiryOf } from './expiry.ts';
import { usage } from './usage.ts';

/**
 * `token make guest2 --guest guest1`: guest1 may fence guest2. The victim is named by its domain, or by --resource
 * where it is none that vm-ctl has made. Only the token goes to standard output, so that it can be put into a file.
 */
export function runTokenMake(
  names: readonly string[],
  options: GivenOptions,
  path: string,
  wallMs: number,
): Report {
  const problems: Message[] = [];
  const resource = options.text('resource') ?? (names[0] === undefined ? undefined : resourceId(names[0]));
  const count = names.length + (options.text('resource') === undefined ? 0 : 1);
  if (count !== 1) problems.push(message('one-victim-needed'));
  const guests = options.texts('guest').flatMap((word) => word.split(',').map((name) => name.trim()));
  if (guests.length === 0) problems.push(message('token-guest-needed'));
  const operations = operationsOf(options.text('allow'));
  if (operations === undefined) {
    problems.push(message('allow-form', { operations: OPERATIONS.join(',') }));
  }
  const expiresMs = expiryOf(options.text('expires'), wallMs);
  if (expiresMs === 'unreadable') problems.push(message('expires-form'));
  if (
    problems.length > 0 ||
    resource === undefined ||
    operations === undefined ||
    expiresMs === 'unreadable'
  ) {
    return usage(problems);
  }
  const keys = loadKeys(path);
  if (keys === undefined) return { exitCode: EXIT.failed, problems: [message('no-keys', { path })] };
  const request = { resource, operations, guests, ...(expiresMs === undefined ? {} : { expiresMs }) };
  const made = makeToken(request, keys, wallMs);
  if (!made.ok) {
    return {
      exitCode: EXIT.failed,
      problems: made.problems.map((fault) => message('token-not-made', { fault })),
    };
  }
  const { grant, token } = made;
  return {
    exitCode: EXIT.ok,
    text: `${token}\n`,
    data: { token, serial: grant.serial, ...grantData(grant) },
  };
}

function operationsOf(text: string | undefined): readonly Operation[] | undefined {
  if (text === undefined) return OPERATIONS;
  const words = text.split(',').map((word) => word.trim());
  return words.every(isOperation) ? words : undefined;
}

/**
 * What is in a token of version 1, its own passphrase shows; vm-ctl does without the cipher, which would make it slower
 * to start for everybody.
 *
 * The token is read from standard input where none is named: an argument can be seen by every user.
 */
export async function runTokenExplain(
  names: readonly string[],
  path: string,
  wallMs: number,
  readInput: () => Promise<string>,
): Promise<Report> {
  const [named, ...rest] = names;
  if (rest.length > 0) return usage([message('one-token-needed', { count: names.length })]);
  const token = (named ?? (await readInput())).trim();
  if (token === '') return usage([message('token-wanted')]);
  const keys = loadKeys(path) ?? [];
  // "Salted__", which every token of version 1 begins with.
  if (token.startsWith('U2FsdGVkX1')) {
    return {
      exitCode: EXIT.failed,
      problems: [message('token-version-1')],
      data: { version: 1 },
    };
  }
  return explanation(await explainToken(token, keys, wallMs));
}

function explanation(explained: ExplainedToken): Report {
  switch (explained.kind) {
    case 'refused':
      return refusedToken(explained.refusal);
    case 'version-1':
      throw new TypeError('tokens of version 1 are not decrypted here');
    case 'version-2': {
      const { grant, keyState, isExpired } = explained;
      const { resource, guests, operations } = grant;
      const isGood = !isExpired && keyState !== 'withdrawn';
      const until = grant.expiresMs === undefined ? '-' : new Date(grant.expiresMs).toISOString();
      return {
        exitCode: isGood ? EXIT.ok : EXIT.failed,
        lines: [
          message('token-grants', {
            guests: guests.join(', '),
            operations: operations.join(', '),
            resource,
          }),
          message('token-details', {
            serial: grant.serial,
            key: grant.keyId,
            keyState,
            issued: new Date(grant.issuedMs).toISOString(),
            until,
          }),
        ],
        problems: isGood
          ? []
          : [
              isExpired
                ? message('token-expired', { until })
                : message('token-key-withdrawn', { key: grant.keyId }),
            ],
        data: { ...grantData(grant), serial: grant.serial, keyState, expired: isExpired },
      };
    }
  }
}

function refusedToken({ reason, forLog }: { readonly reason: string; readonly forLog: string }): Report {
  return {
    exitCode: EXIT.failed,
    problems: [message('token-refused', { fault: forLog })],
    data: { refused: reason },
  };
}

interface GrantLike {
  readonly resource: string;
  readonly guests: readonly string[];
  readonly operations: readonly Operation[];
  readonly keyId: string;
  readonly issuedMs: number;
  readonly expiresMs?: number;
}

const grantData = ({ resource, guests, operations, keyId, issuedMs, expiresMs }: GrantLike) => ({
  version: 2,
  resource,
  guests,
  operations,
  key: keyId,
  issued: new Date(issuedMs).toISOString(),
  expires: expiresMs === undefined ? null : new Date(expiresMs).toISOString(),
});
