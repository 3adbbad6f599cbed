/**
 * A job: what a guest has asked for under one id, until it is answered, cancelled or past its deadline.
 *
 * What a guest sent is kept as text, `detail` too: a tree of values could take many times the memory that its text
 * does, and it is the text that the limits count.
 */
import { createHash } from 'node:crypto';
import {
  type Answer,
  type Json,
  type Request,
  tellableDeadlineMs,
} from '../../../shared/protocol/message.ts';
import type { V1Type } from '../../../shared/protocol/v1-frame.ts';
import type { HeapItem } from './deadline-heap.ts';

/** Who waits for the answer at the other end of a guest's link. */
export interface Askers {
  /** The agent of version 2. */
  v2: boolean;
  /** The newest client of version 1: those before it were told to ask again and have gone. */
  v1: V1Asker | undefined;
}

export interface V1Asker {
  readonly type: V1Type;
  readonly id: string;
  readonly client: number;
}

export interface Job extends HeapItem {
  readonly guest: string;
  /** Of the domain that had this name when it was asked, where that was known. */
  readonly uuid: string | undefined;
  readonly id: string;
  readonly service: string;
  readonly text: string;
  /** JSON. */
  readonly detail: string | undefined;
  /** The version that it was first asked in. */
  readonly protocol: 1 | 2;
  readonly bytes: number;
  readonly askers: Askers;
  /** How many times it was handed to a connection of its service: 0, and the service knows nothing of it. */
  timesSent: number;
  /** The deadline that its service knows of. */
  toldDeadlineMs: number;
}

/** What a job, or an answer in memory, costs beside its text. */
export const OVERHEAD_BYTES = 256;

/** What its service gets to read. */
export function handOver(job: Job, nowMs: number): Request {
  job.timesSent++;
  job.toldDeadlineMs = job.deadlineMs;
  return {
    type: 'request',
    id: job.id,
    service: job.service,
    text: job.text,
    ...(job.detail === undefined ? {} : { detail: parseJson(job.detail) }),
    deadlineMs: tellableDeadlineMs(job.deadlineMs - nowMs),
    guest: job.guest,
    ...(job.uuid === undefined ? {} : { uuid: job.uuid }),
    protocol: job.protocol,
  };
}

const parseJson = (text: string): Json => JSON.parse(text);

/** Back from the JSON of an answer that was kept. */
export const parseAnswer = (text: string): Answer => JSON.parse(text);

export const isRetriable = (answer: Answer): boolean => 'error' in answer && answer.error.retry;

export function errorAnswer(code: string, message: string, retry = false): Answer {
  return { error: { code, message, retry } };
}

const LONGEST_PLAIN_TEXT = 64;

/** Tells whether an id is asked for the same thing again, for little memory. */
export function fingerprint(service: string, text: string): string {
  const plain = `${service} ${text}`;
  return plain.length <= LONGEST_PLAIN_TEXT ? plain : createHash('sha256').update(plain).digest('base64');
}
