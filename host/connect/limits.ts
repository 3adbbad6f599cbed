/** The limits of docs/protocol.md, "Limits", as far as the host keeps them. Tests hand in smaller ones. */

const KIB = 1024;
const MIB = 1024 * KIB;

export interface RouterLimits {
  /** Of one guest. */
  readonly openRequests: number;
  readonly openBytes: number;
  readonly answers: number;
  readonly answerBytes: number;
  readonly answerMs: number;
  /** Open requests and remembered answers of all guests. */
  readonly totalBytes: number;
  /** A request up to this size of a guest that has no other open is taken, however full it is. */
  readonly reservedBytes: number;
}

export const ROUTER_LIMITS: RouterLimits = {
  openRequests: 64,
  openBytes: 256 * KIB,
  answers: 256,
  answerBytes: 256 * KIB,
  answerMs: 10 * 60_000,
  totalBytes: 64 * MIB,
  reservedBytes: 4 * KIB,
};

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface LinkLimits {
  readonly frames: Rate;
  readonly bytes: Rate;
  /** Within `garbageWindowMs`. */
  readonly garbageBytes: number;
  readonly garbageRuns: number;
  readonly garbageWindowMs: number;
  /** Bytes that wait for a guest to read them. */
  readonly waitingBytes: number;
}

export const LINK_LIMITS: LinkLimits = {
  frames: { perSecond: 500, burst: 250 },
  bytes: { perSecond: MIB, burst: MIB },
  garbageBytes: MIB,
  garbageRuns: 1_000,
  garbageWindowMs: 60_000,
  waitingBytes: 256 * KIB,
};

/** How long until a link is tried again: after a failure, and after garbage past the limit. */
export const RETRY_DELAYS = { firstMs: 100, ceilingMs: 15_000 } as const;
export const PENALTY_DELAYS = { firstMs: 1_000, ceilingMs: 60_000 } as const;

/** How long a request of version 1, which names no deadline, may take. */
export const V1_DEADLINE_MS = 120_000;
