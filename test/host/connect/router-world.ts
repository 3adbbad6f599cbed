/** A router with what is around it made simple: frames as their messages, connections as numbers. */

import type { RouterLimits } from '../../../host/connect/limits.ts';
import { Router } from '../../../host/connect/router/router.ts';
import type { RouterEffect, ToService } from '../../../host/connect/router/router-effect.ts';
import type { Frame } from '../../../shared/protocol/frame-decoder.ts';
import type { Answer, Message, Request } from '../../../shared/protocol/message.ts';
import type { V1Frame } from '../../../shared/protocol/v1-frame.ts';

export const IDENTITY = { agent: 'vm-connectd test', session: 'host-session', boot: 'boot-1', host: 'hosta' };

export function newRouter(limits: Partial<RouterLimits> = {}, startedMs?: number): Router {
  let ids = 0;
  return new Router({
    identity: IDENTITY,
    newId: () => `made-up-${++ids}`,
    uuidOf: () => undefined,
    limits,
    ...(startedMs === undefined ? {} : { startedMs }),
  });
}

export const frameOf = (message: Message): Frame => ({ kind: 'message', message });
export const v1FrameOf = (frame: V1Frame): Frame => ({ kind: 'v1', frame });

export function request(id: string, service: string, text: string, deadlineMs = 10_000): Request {
  return { type: 'request', id, service, text, deadlineMs };
}

/** What guests are sent, as `guest1 {"type":…}`; of version 1, `guest1 v1 TYPE ID CLIENT TEXT`. */
export function toGuests(effects: readonly RouterEffect[] | undefined): string[] {
  return (effects ?? []).flatMap((effect) => {
    if (effect.kind !== 'to-guest') return [];
    const { guest, frame } = effect;
    if (frame.kind === 'message') return [`${guest} ${JSON.stringify(frame.message)}`];
    const { type, id, client, text } = frame.frame;
    return [`${guest} v1 ${type} ${id} ${client} ${text}`];
  });
}

export function toServices(effects: readonly RouterEffect[] | undefined): ToService[] {
  return (effects ?? []).filter((effect) => effect.kind === 'to-service');
}

/** `connection request guest id text`, or `connection cancel guest id`. */
export function asked(effects: readonly RouterEffect[] | undefined): string[] {
  return toServices(effects).map(({ connection, message }) => {
    const { type, guest, id } = message;
    return `${connection} ${type} ${guest} ${id}${message.type === 'request' ? ` ${message.text}` : ''}`;
  });
}

export function reply(guest: string, id: string, answer: Answer) {
  return { type: 'reply', guest, id, ...answer } as const;
}

export const errorCodeIn = (line: string | undefined): string | undefined =>
  /"code":"([^"]+)"/.exec(line ?? '')?.[1];
