import { randomNumber } from './random.ts';
import type { SampleFile, SampleOrder } from './sample-files.ts';

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

/** Whether it is the day on which all goes wrong: customers wait for long and say so. One in three, the second. */
export const isBadDay = ({ day }: Pick<SampleFile, 'day'>, { days }: Pick<SampleOrder, 'days'>): boolean =>
  days > 2 && day % 7 === 1;

/** A rating of 1 to 5: most are content, some are not at all, on a bad day more of them. */
export function rating(bad: boolean, seed: number, ...parts: readonly (string | number)[]): number {
  const scores = bad ? [1, 1, 1, 2, 2, 3, 3, 4, 5] : [1, 2, 3, 4, 4, 4, 5, 5, 5, 5];
  return scores[Math.floor(randomNumber(seed, ...parts) * scores.length)] ?? 3;
}
