/** What vm-stonithd on this host says of itself, read back from whatever came. */

import { membersOf } from '../../../shared/protocol/json-members.ts';
import { ask } from '../../../shared/protocol/local-client.ts';
import type { Json } from '../../../shared/protocol/message.ts';
import { message } from '../messages/message.ts';
import type { Answer } from './seen.ts';

export interface StonithStatus {
  readonly agent: string;
  readonly backend: string;
  /** `registered` when vm-connectd brings it requests. */
  readonly service: string;
  readonly jobs: number;
  readonly keys: readonly { readonly id: string; readonly state: string }[];
  readonly fingerprint: string;
}

const TIMEOUT_MS = 5_000;

export async function askStonith(socketPath: string): Promise<Answer<StonithStatus>> {
  const asked = await ask({
    socketPath,
    service: 'agent',
    text: 'status',
    deadlineMs: TIMEOUT_MS,
    impatient: true,
  });
  const detail = asked.ok && 'text' in asked.answer ? (asked.answer.detail ?? null) : null;
  const status = asked.ok ? stonithStatusOf(detail) : undefined;
  return status === undefined
    ? { kind: 'silent', problem: message('stonithd-silent', { path: socketPath }) }
    : { kind: 'told', value: status };
}

function stonithStatusOf(json: Json): StonithStatus | undefined {
  const top = membersOf(json);
  const text = (name: string) => {
    const value = top[name];
    return typeof value === 'string' ? value : '';
  };
  const { jobs, keys } = top;
  if (text('agent') === '' || text('backend') === '') return undefined;
  return {
    agent: text('agent'),
    backend: text('backend'),
    service: text('service'),
    jobs: typeof jobs === 'number' ? jobs : 0,
    keys: (Array.isArray(keys) ? keys : []).map((key) => {
      const { id, state } = membersOf(key);
      return {
        id: typeof id === 'string' ? id : '?',
        state: typeof state === 'string' ? state : '?',
      };
    }),
    fingerprint: text('fingerprint'),
  };
}
