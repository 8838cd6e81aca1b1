import { randomNumber } from './random.ts';
import type { SampleOrder } from './sample-order.ts';

/** Of a hundred customers who write on a day, how many do in each hour of it: nights are quiet, and two peaks part the day. */
const hours = [0, 0, 0, 0, 0, 1, 2, 4, 8, 12, 12, 9, 6, 7, 9, 8, 6, 4, 3, 3, 3, 2, 1, 0];
const all = hours.reduce((sum, share) => sum + share, 0);

/** The second of the day that stands at a share of all that happens on it, from 0 up to but not including 1. */
export function secondAt(share: number): number {
  let left = share * all;
  for (const [hour, weight] of hours.entries()) {
    if (left < weight) {
      return Math.floor((hour + left / weight) * 3600);
    }
    left -= weight;
  }
  return 86_399;
}

/** How busy a quarter of an hour is, by its number in the day: 1 on average. */
export const busyness = (quarter: number): number => ((hours[Math.floor(quarter / 4)] ?? 0) * hours.length) / all;

/** How much of an average day happens on each day of the week, Monday first. */
const weekdays = [1.3, 1.2, 1.1, 1.1, 1.1, 0.7, 0.5];

/** How much of all that happens in a period does so before one of its days, from 0 to 1; both as `dayAt` has them. */
export function shareBefore(day: number, days: number, monday: number): number {
  let before = 0;
  let whole = 0;
  for (let one = 0; one < days; one++) {
    const weight = weekdays[(monday + one) % weekdays.length] ?? 1;
    before += one < day ? weight : 0;
    whole += weight;
  }
  return before / whole;
}

/**
 * Which of the days of a period, counted from 0, has what stands at a share of all that happens in it: a weekend has less.
 * @param monday how many days after a Monday the period begins
 */
export function dayAt(share: number, days: number, monday: number): number {
  let day = 0;
  while (day < days - 1 && shareBefore(day + 1, days, monday) <= share) {
    day++;
  }
  return day;
}

/** Whether it is the day on which all goes wrong, counted from 0: customers wait for long and say so. One a week, the second of three. */
export const isBadDay = (day: number, { days }: Pick<SampleOrder, 'days'>): boolean => days > 2 && day % 7 === 1;

/** A rating of 1 to 5: most are content, some are not at all, on a bad day more of them. */
export function rating(bad: boolean, seed: number, ...parts: readonly (string | number)[]): number {
  const scores = bad ? [1, 1, 1, 2, 2, 3, 3, 4, 5] : [1, 2, 3, 4, 4, 4, 5, 5, 5, 5];
  return scores[Math.floor(randomNumber(seed, ...parts) * scores.length)] ?? 3;
}
