/**
 * From an unknown JSON value to a message of the bridge, every member checked (docs/protocol.md, "Messages"). Members
 * that nobody here uses are left out, whatever their size: what is kept of a message is bounded by its known members.
 */

import { isMembers, type Members } from './json-members.ts';
import { type Answer, type Json, MAX_DEADLINE_MS, type Message, type Parsed } from './message.ts';
import { ID, ID_FORM, isId } from './message-id.ts';

const SERVICE = /^[a-z0-9-]{1,32}$/;
/** Of names, and of what only people read. */
const LONGEST_WORDS = 1024;
const MOST_SERVICES = 64;
/** JSON.stringify gives up at some thousand levels: what was accepted has to be fit to be passed on. */
const DEEPEST = 64;

/** Thrown and caught in this file only: the first member that is not as it must be. */
class BadMember extends Error {}

export function parseMessage(value: Json): Parsed {
  if (!isMembers(value)) return { ok: false, kind: 'garbage' };
  const type = value['type'];
  if (typeof type !== 'string') return { ok: false, kind: 'garbage' };
  try {
    const message = messageOf(type, value);
    if (message === undefined) {
      return { ok: false, kind: 'unknown-type', name: type.slice(0, LONGEST_WORDS) };
    }
    return { ok: true, message };
  } catch (thrown) {
    if (!(thrown instanceof BadMember)) throw thrown;
    const id = value['id'];
    return {
      ok: false,
      kind: 'bad-message',
      fault: thrown.message,
      ...(isId(id) ? { id } : {}),
      ...(isId(id) && type === 'reply' ? { replyTo: { id, ...guestOf(value) } } : {}),
    };
  }
}

function guestOf({ guest }: Members): { guest?: string } {
  return typeof guest === 'string' && guest.length <= LONGEST_WORDS ? { guest } : {};
}

function messageOf(type: string, members: Members): Message | undefined {
  switch (type) {
    case 'hello':
      return {
        type,
        version: wholeNumber(members, 'version', 1, 1_000_000),
        agent: words(members, 'agent'),
        session: words(members, 'session'),
        ...optional('boot', members, words),
        ...optional('name', members, words),
        ...optional('host', members, words),
        ...optional('guest', members, words),
        ...optional('services', members, serviceList),
        ...optional('role', members, role),
      };
    case 'request':
      return {
        type,
        id: matching(members, 'id', ID, ID_FORM),
        service: service(members, 'service'),
        text: text(members, 'text'),
        deadlineMs: wholeNumber(members, 'deadlineMs', 1, MAX_DEADLINE_MS),
        ...detailOf(members),
        ...optional('reply', members, flag),
        ...optional('impatient', members, flag),
        ...optional('guest', members, words),
        ...optional('uuid', members, words),
        ...optional('protocol', members, protocol),
      };
    case 'reply':
      return {
        type,
        id: matching(members, 'id', ID, ID_FORM),
        ...answer(members),
        ...optional('guest', members, words),
      };
    case 'cancel':
      return {
        type,
        id: matching(members, 'id', ID, ID_FORM),
        ...optional('guest', members, words),
      };
    case 'services':
      return { type, services: serviceList(members, 'services') };
    case 'ping':
    case 'pong':
      return { type, nonce: wholeNumber(members, 'nonce', 0, Number.MAX_SAFE_INTEGER) };
    case 'register':
    case 'registered':
      return { type, service: service(members, 'service') };
    case 'error':
      return { type, code: words(members, 'code'), message: prose(members) };
    default:
      return undefined;
  }
}

function answer(members: Members): Answer {
  const error = members['error'];
  if (error === undefined) return { text: text(members, 'text'), ...detailOf(members) };
  if (!isMembers(error)) throw new BadMember('error is not an object');
  try {
    return { error: { code: words(error, 'code'), message: prose(error), retry: flag(error, 'retry') } };
  } catch (thrown) {
    throw thrown instanceof BadMember ? new BadMember(`error.${thrown.message}`) : thrown;
  }
}

function optional<Key extends string, Value>(
  key: Key,
  members: Members,
  read: (members: Members, key: string) => Value,
): { [K in Key]?: Value } {
  if (members[key] === undefined) return {};
  const one: { [K in Key]?: Value } = {};
  one[key] = read(members, key);
  return one;
}

function detailOf(members: Members): { detail?: Json } {
  const detail = members['detail'];
  if (detail === undefined) return {};
  if (isDeeperThan(DEEPEST, detail)) throw new BadMember(`detail is nested deeper than ${DEEPEST}`);
  return { detail };
}

function isDeeperThan(levels: number, value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member));
}

function text(members: Members, key: string): string {
  const value = members[key];
  if (typeof value !== 'string') throw new BadMember(`${key} is missing or no text`);
  return value;
}

function words(members: Members, key: string): string {
  const value = text(members, key);
  if (value.length > LONGEST_WORDS) throw new BadMember(`${key} is longer than ${LONGEST_WORDS} characters`);
  return value;
}

/** Nothing hangs on it, so what is too long is cut. */
const prose = (members: Members) => text(members, 'message').slice(0, LONGEST_WORDS);

function matching(members: Members, key: string, pattern: RegExp, form: string): string {
  const value = text(members, key);
  if (!pattern.test(value)) throw new BadMember(`${key} has to be ${form}`);
  return value;
}

const service = (members: Members, key: string) =>
  matching(members, key, SERVICE, '1 to 32 characters of a-z 0-9 -');

function wholeNumber(members: Members, key: string, least: number, most: number): number {
  const value = members[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new BadMember(`${key} has to be a whole number from ${least} to ${most}`);
  }
  return value;
}

function flag(members: Members, key: string): boolean {
  const value = members[key];
  if (typeof value !== 'boolean') throw new BadMember(`${key} has to be true or false`);
  return value;
}

function role(members: Members, key: string): 'guest' | 'host' {
  const value = members[key];
  if (value !== 'guest' && value !== 'host') throw new BadMember(`${key} has to be guest or host`);
  return value;
}

function protocol(members: Members, key: string): 1 | 2 {
  const value = members[key];
  if (value !== 1 && value !== 2) throw new BadMember(`${key} has to be 1 or 2`);
  return value;
}

function serviceList(members: Members, key: string): readonly string[] {
  const value = members[key];
  if (!Array.isArray(value) || value.length > MOST_SERVICES) throw new BadMember(`${key} has to be a list`);
  return value.map((name: Json) => {
    if (typeof name !== 'string' || !SERVICE.test(name)) throw new BadMember(`${key} names no service`);
    return name;
  });
}
