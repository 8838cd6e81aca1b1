import { setTimeout as sleep } from 'node:timers/promises';

/** What time it is, and waiting: real, or that of a test. */
export interface TimeSource {
  /** Milliseconds since 1970. */
  now(): number;
  /** Waits for milliseconds. Throws when `signal` aborts. */
  pause(milliseconds: number, signal: AbortSignal | null): Promise<void>;
}

export const realTime: TimeSource = {
  now: () => Date.now(),
  pause: (milliseconds, signal) =>
    sleep(milliseconds, undefined, { ...(signal === null ? {} : { signal }), ref: true }),
};
