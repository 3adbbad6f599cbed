/** What has become of the requests so far. */
import type { Answer } from '../../shared/protocol/message.ts';

export interface OutboxCounts {
  asked: number;
  /** Of those, the ones that joined a request of the same id. */
  joined: number;
  refused: number;
  conflicts: number;
  /** Frames to the host, and how many of them were repeats. */
  sent: number;
  sentAgain: number;
  /** Answers to local programs, and the errors among the rest. */
  answered: number;
  failed: number;
  deadlines: number;
  hostAway: number;
  /** Errors with `retry` from the host. */
  retriable: number;
  cancelled: number;
  /** Replies that nobody waits for. */
  lateReplies: number;
}

export const noOutboxCounts = (): OutboxCounts => ({
  asked: 0,
  joined: 0,
  refused: 0,
  conflicts: 0,
  sent: 0,
  sentAgain: 0,
  answered: 0,
  failed: 0,
  deadlines: 0,
  hostAway: 0,
  retriable: 0,
  cancelled: 0,
  lateReplies: 0,
});

export function countAnswer(counts: OutboxCounts, answer: Answer): void {
  if (!('error' in answer)) {
    counts.answered++;
    return;
  }
  counts.failed++;
  if (answer.error.code === 'deadline') counts.deadlines++;
  if (answer.error.code === 'host-away') counts.hostAway++;
}
