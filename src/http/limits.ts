import { defaultPlanLimits, type PlanLimits } from '../plan/bind/limits.ts';
import { defaultUriLimits, type UriLimits } from '../uri/limits.ts';

/** Every limit of the feed that a client can meet, in one record. */
export interface ServiceLimits {
  readonly uri: UriLimits;
  readonly plan: PlanLimits;
  /** Bytes of a request body. */
  readonly bodyBytes: number;
  /** Requests of one `$batch`, those of change sets included. */
  readonly batchRequests: number;
  readonly async: AsyncLimits;
  readonly transfer: TransferLimits;
}

/** How slow a client may be, in milliseconds. */
export interface TransferLimits {
  /** From the first byte of a request to the last one of its body. */
  readonly request: number;
  /** A reply moves on within this time, by one piece of at most 128 KiB, else its connection is closed. */
  readonly stalled: number;
  /** How often both are looked at. */
  readonly look: number;
}

/** Bounds of requests that are answered later (`Prefer: respond-async`). */
export interface AsyncLimits {
  /** Operations that run at the same time. */
  readonly running: number;
  /** Operations that run or whose reply is kept. */
  readonly kept: number;
  /** The same of one principal, or of one address where nobody signs in. Absent: as many. */
  readonly keptEach?: number;
  /** Bytes of one kept reply. */
  readonly replyBytes: number;
  /** Bytes of all kept replies together. */
  readonly totalBytes: number;
  /** Milliseconds that a reply is kept after it was finished. */
  readonly keptFor: number;
  /** Milliseconds that `wait` may hold a connection. */
  readonly longestWait: number;
}

export const serviceLimits: ServiceLimits = {
  uri: defaultUriLimits,
  plan: defaultPlanLimits,
  bodyBytes: 1024 * 1024,
  batchRequests: 100,
  async: {
    running: 4,
    kept: 32,
    keptEach: 16,
    replyBytes: 2 * 1024 ** 3,
    totalBytes: 8 * 1024 ** 3,
    keptFor: 60 * 60 * 1000,
    longestWait: 60_000,
  },
  transfer: { request: 60_000, stalled: 120_000, look: 15_000 },
};
