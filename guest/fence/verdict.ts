/**
 * What the host's reply means, and the one place where a fence request can succeed.
 *
 * Invariant: `done` for on, off and reboot only where the reply's text is `OK`, its detail says `confirmed`, and nothing in it
 * says otherwise. An `OK` without a detail proves nothing: it comes from something that is no vm-stonithd of version 2.
 */
import { isMembers, type Members, membersOf } from '../../shared/protocol/json-members.ts';
import type { Answer, Json, RequestError } from '../../shared/protocol/message.ts';
import type { NodeAction } from './actions.ts';

export type PowerState = 'on' | 'off';
export type ListedState = PowerState | 'unknown' | 'denied';

export interface Failure {
  readonly kind: 'failed' | 'unknown' | 'denied' | 'timed-out' | 'unavailable' | 'malformed';
  readonly fault: string;
  readonly remedy: string;
}

export type Verdict<Value> = { readonly kind: 'done'; readonly value: Value } | Failure;

const LISTED_STATES: readonly ListedState[] = ['on', 'off', 'unknown', 'denied'];
const LONGEST_REASON = 300;

const SEE_HOST = 'see the log of vm-stonithd on the host';

/** Of on, off, reboot and status. The value is the state, where the host told it. */
export function judgeOperation(action: NodeAction, answer: Answer): Verdict<PowerState | undefined> {
  if ('error' in answer) return judgeError(answer.error);
  const detail = membersOf(answer.detail);
  const result = detail['result'];
  const state = detail['state'];
  const why = reasonOf(detail);
  switch (result) {
    case 'denied':
      return denied();
    case 'failed':
      return failure('failed', `the host could not do it${why}`, SEE_HOST);
    case 'unknown':
      return failure('unknown', `the host can't prove it${why}`, SEE_HOST);
    case 'confirmed':
      break;
    default:
      return malformed(answer.text);
  }
  if (answer.text !== 'OK' || !isStateOf(action, state)) return malformed(answer.text);
  return { kind: 'done', value: state === 'on' || state === 'off' ? state : undefined };
}

/** Of a list of tokens: their states, in their order. */
export function judgeList(tokens: number, answer: Answer): Verdict<readonly ListedState[]> {
  if ('error' in answer) return judgeError(answer.error);
  const detail = membersOf(answer.detail);
  const listed = detail['states'];
  if (answer.text !== 'OK') {
    if (detail['result'] === 'denied') return denied();
    return failure('failed', `the host could not list them${reasonOf(detail)}`, SEE_HOST);
  }
  if (!Array.isArray(listed)) return malformed(answer.text);
  const states = listed.flatMap((item: Json) => listedState(item) ?? []);
  if (states.length !== listed.length || states.length !== tokens) return malformed(answer.text);
  return { kind: 'done', value: states };
}

/** With the members that a reply to `status` of its own would have. */
function listedState(item: Json): ListedState | undefined {
  if (!isMembers(item)) return undefined;
  switch (item['result']) {
    case 'confirmed':
      return LISTED_STATES.find((state) => state === item['state'] && state !== 'denied');
    case 'failed':
    case 'unknown':
      return 'unknown';
    case 'denied':
      return 'denied';
    default:
      return undefined;
  }
}

function judgeError({ code, message }: RequestError): Failure {
  const words = visible(message);
  switch (code) {
    case 'deadline':
      return failure('timed-out', `it timed out on the host: ${words}`, SEE_HOST);
    case 'host-away':
      return failure(
        'timed-out',
        `it timed out: no host daemon was there (${words})`,
        'see vm-connectd on the host',
      );
    case 'service-away':
    case 'service-busy':
    case 'too-many':
      return failure(
        'timed-out',
        `it timed out: the host has nobody to take it just now (${words})`,
        'see vm-stonithd on the host',
      );
    case 'refused':
      return denied();
    default:
      return failure('failed', `the host answers ${visible(code)}: ${words}`, SEE_HOST);
  }
}

/** What would contradict the result that it stands beside is no proof of it. */
function isStateOf(action: NodeAction, state: Json | undefined): boolean {
  switch (action) {
    case 'off':
      return state === undefined || state === 'off';
    case 'on':
      return state === undefined || state === 'on';
    case 'reboot':
      return state === undefined || state === 'off' || state === 'on';
    case 'status':
      return state === 'off' || state === 'on';
  }
}

function denied(): Failure {
  const remedy =
    "its admin finds the reason in vm-stonithd's log and can see what a token allows: vm-ctl token explain";
  return failure('denied', 'the host denied it', remedy);
}

function malformed(text: string): Failure {
  const fault = `what came is no answer of vm-stonithd 2 (${JSON.stringify(visible(text))})`;
  return failure('malformed', fault, 'update pm-kvm-tools on the host');
}

function failure(kind: Failure['kind'], fault: string, remedy: string): Failure {
  return { kind, fault, remedy };
}

function reasonOf(detail: Members): string {
  const reason = detail['reason'];
  return typeof reason === 'string' && reason !== '' ? `: ${visible(reason)}` : '';
}

/** One bounded line that steers no terminal, whatever the host sent. */
function visible(text: string): string {
  return text.slice(0, LONGEST_REASON).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ');
}
