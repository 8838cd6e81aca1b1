import { httpDate } from './http-date.ts';

/** Seconds that no wait is told to be longer than, as caches take ages (RFC 9111, 1.2.2). What is waited at all is much less, and said by whoever waits. */
const mostSeconds = 2 ** 31;

/**
 * Seconds that a reply asks to wait, as digits or a date (RFC 9110, 10.2.3); null: nothing that can be understood. A date is one of the clock that wrote it, so
 * that it counts from the `Date` of the same reply. `now`: milliseconds of our clock, for a reply without one. From 0 to 2^31.
 */
export function retryAfterSeconds(told: (header: 'retry-after' | 'date') => string, now: number): number | null {
  const text = told('retry-after').trim();
  if (/^\d+$/.test(text)) {
    return Math.min(Number(text), mostSeconds);
  }
  const until = httpDate(text, now);
  if (until === null) {
    return null;
  }
  const seconds = Math.ceil((until - (httpDate(told('date').trim(), now) ?? now)) / 1000);
  return Math.min(Math.max(0, seconds), mostSeconds);
}
