/**
 * What libvirt notes of a domain that it runs, beside its pid file. It writes there before it acts, and also what a
 * restart finds that it left half done.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';

export type Whereabouts =
  | { readonly kind: 'here' }
  /** It does not run, or not here any more: of what libvirt has sent away its log tells. */
  | { readonly kind: 'unknown' }
  /** It may run on another host without what is here, or it can't be told. */
  | { readonly kind: 'doubtful'; readonly fault: string; readonly isLeaving: boolean };

/** The resource agent reads it by the same rule. The text of a domain can't hold these: libvirt writes its quotes as entities. */
const BETWEEN_HOSTS =
  /<domstatus state='paused' reason='(?:migration|post-copy[^'\n]*)'|async='migration (?:in|out)'/;

export const isBetweenHosts = (status: string): boolean => BETWEEN_HOSTS.test(status);

const LEAVING = /async='migration out'/;

export function whereaboutsOf(directory: string, domain: string): Whereabouts {
  let text: string;
  try {
    text = readFileSync(join(directory, `${domain}.xml`), 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return { kind: 'unknown' };
    const fault = `whether it is being migrated can't be read: ${messageOf(thrown)}`;
    return { kind: 'doubtful', fault, isLeaving: false };
  }
  return isBetweenHosts(text)
    ? { kind: 'doubtful', fault: 'libvirt has it between two hosts', isLeaving: LEAVING.test(text) }
    : { kind: 'here' };
}
