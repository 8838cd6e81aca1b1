/** How long something is kept. */
export interface KeptFor {
  readonly count: number;
  readonly unit: 'days' | 'months' | 'years';
}

/** How long rows of an export are kept. */
export interface Retention {
  readonly keep: KeptFor;
  /** Date or point in time of a row that it is counted from. Rows without one stay. */
  readonly by: string;
}

/** How long else is kept of a source; null: as long as nobody removes it. */
export interface SourceRetention {
  /** Files in `loaded/` and `refused/`. */
  readonly files: KeptFor | null;
  /** Texts of rejected rows and samples of unknown columns. */
  readonly rejects: KeptFor | null;
}

export const keptForPattern = /^([1-9]\d{0,4}) (day|month|year)s?$/;

/** Of a text such as `24 months`; null: it is none. */
export function keptFor(text: string): KeptFor | null {
  const [, count = '', unit = ''] = keptForPattern.exec(text) ?? [];
  return count === '' ? null : { count: Number(count), unit: `${unit as 'day' | 'month' | 'year'}s` };
}

/** The first moment that is kept, a midnight in UTC, seen from `now`. The 31st of a month that has none is its last day. */
export function keptSince({ count, unit }: KeptFor, now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  if (unit === 'days') {
    return new Date(Date.UTC(year, month, day - count));
  }
  const months = unit === 'years' ? 12 * count : count;
  const lastDay = new Date(Date.UTC(year, month - months + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - months, Math.min(day, lastDay)));
}
