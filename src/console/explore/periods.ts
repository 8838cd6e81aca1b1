import { addDays, isoWeekday } from '../text/zone.ts';

/** Days of the reporting zone, both included, as `2026-11-03`. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

export const periods = [
  ['last-week', 'Last week'],
  ['this-week', 'This week'],
  ['last-7', 'Last 7 days'],
  ['last-28', 'Last 28 days'],
  ['last-month', 'Last month'],
  ['last-90', 'Last 90 days'],
  ['all', 'All'],
  ['own', 'From … to …'],
] as const;

export type Period = (typeof periods)[number][0];

/**
 * The days of a period, counted back from `today`; null: it has no bounds. Weeks are those of ISO 8601, from Monday to Sunday; `last-week` is the one before that
 * of `today`.
 */
export function spanOf(period: Exclude<Period, 'own'>, today: string): Span | null {
  const monday = addDays(today, 1 - isoWeekday(today));
  switch (period) {
    case 'last-week':
      return { from: addDays(monday, -7), to: addDays(monday, -1) };
    case 'this-week':
      return { from: monday, to: addDays(monday, 6) };
    case 'last-7':
      return { from: addDays(today, -6), to: today };
    case 'last-28':
      return { from: addDays(today, -27), to: today };
    case 'last-90':
      return { from: addDays(today, -89), to: today };
    case 'last-month': {
      const last = addDays(`${today.slice(0, 7)}-01`, -1);
      return { from: `${last.slice(0, 7)}-01`, to: last };
    }
    case 'all':
      return null;
  }
}

/**
 * From which day periods are counted back: today, or where the newest row is older than the period that is asked for, the day after which that row lies in it:
 * its own day, and for whole weeks and months the first day after them.
 */
export function anchorOf(
  period: Exclude<Period, 'own'>,
  { today, newest }: { readonly today: string; readonly newest: string | null },
): string {
  const span = spanOf(period, today);
  if (newest === null || span === null || newest >= span.from) {
    return today;
  }
  if (period === 'last-week') {
    return addDays(newest, 8 - isoWeekday(newest));
  }
  return period === 'last-month' ? addDays(`${newest.slice(0, 7)}-28`, 4).replace(/\d\d$/, '01') : newest;
}
