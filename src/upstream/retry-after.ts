/**
 * Seconds that a reply asks to wait, as a number or a date (RFC 9110, 10.2.3); null: nothing that can be understood. A date is one of the clock that wrote it, so
 * that it counts from the `Date` of the same reply. `now`: milliseconds of our clock, for a reply without one.
 */
export function retryAfterSeconds(told: (header: 'retry-after' | 'date') => string, now: number): number | null {
  const text = told('retry-after');
  if (/^\d{1,9}$/.test(text)) {
    return Number(text);
  }
  const [until, theirs] = [Date.parse(text), Date.parse(told('date'))];
  const seconds = (until - (Number.isFinite(theirs) ? theirs : now)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}
