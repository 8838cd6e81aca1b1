/** The parts of a moment on the clocks of a zone. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) {
    return known;
  }
  const two = '2-digit';
  const made = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: two, day: two, hour: two, minute: two, second: two },
  });
  formats.set(zone, made);
  return made;
}

/** `milliseconds`: since 1970 in UTC. `zone`: IANA name. */
export function localTime(milliseconds: number, zone: string): LocalTime {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(milliseconds)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  return {
    ...{ year: part('year'), month: part('month'), day: part('day') },
    ...{ hour: part('hour'), minute: part('minute'), second: part('second') },
  };
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** `2026-11-03`. */
export function localDate(milliseconds: number, zone: string): string {
  const { year, month, day } = localTime(milliseconds, zone);
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
}

/** `2026-11-03 14:05`. */
export function localMinute(milliseconds: number, zone: string): string {
  const { hour, minute } = localTime(milliseconds, zone);
  return `${localDate(milliseconds, zone)} ${pad(hour)}:${pad(minute)}`;
}

/**
 * The moment at which the clocks of a zone show a time, milliseconds since 1970: the earlier one where it comes twice; where it does not come, as many minutes after
 * the clocks went forward as it lies behind that. `local`: `2026-11-03` or `2026-11-03T14:05`, with seconds or without. null: it is no such text.
 */
export function momentOf(local: string, zone: string): number | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(local);
  if (found === null) {
    return null;
  }
  const [, year, month, day, hour = 0, minute = 0, second = 0] = found
    .map(Number)
    .map((one) => (Number.isNaN(one) ? 0 : one));
  const asUtc = Date.UTC(Number(year), Number(month) - 1, Number(day), hour, minute, second);
  if (new Date(asUtc).toISOString().slice(0, 10) !== local.slice(0, 10)) {
    return null;
  }
  const offset = (at: number): number => {
    const { year: y, month: m, day: d, hour: h, minute: n, second: s } = localTime(at, zone);
    return Date.UTC(y, m - 1, d, h, n, s) - at;
  };
  const day1 = 86_400_000;
  const candidates = [...new Set([offset(asUtc - day1), offset(asUtc + day1)])].map((one) => asUtc - one);
  const right = candidates.filter((at) => at + offset(at) === asUtc);
  return right.length > 0 ? Math.min(...right) : Math.max(...candidates);
}

/** Days after a date, or before it. `date`: `2026-11-03`. */
export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** From 1 for Monday to 7 for Sunday (ISO 8601). */
export const isoWeekday = (date: string): number => ((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7) + 1;

/** Year and week of a date by ISO 8601: week 1 is the one with the year's first Thursday. */
export function isoWeek(date: string): { readonly year: number; readonly week: number } {
  const thursday = addDays(date, 4 - isoWeekday(date));
  const year = Number(thursday.slice(0, 4));
  const days = (Date.parse(`${thursday}T00:00:00Z`) - Date.UTC(year, 0, 1)) / 86_400_000;
  return { year, week: Math.floor(days / 7) + 1 };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `3 Nov 2026` of `2026-11-03`. */
export const spokenDate = (date: string): string =>
  `${Number(date.slice(8, 10))} ${months[Number(date.slice(5, 7)) - 1] ?? '?'} ${date.slice(0, 4)}`;

/** `3 Nov`. */
export const shortDate = (date: string): string => spokenDate(date).slice(0, -5);

/** `Nov 2026` of a year and a month from 1. */
export const spokenMonth = (year: number, month: number): string => `${months[month - 1] ?? '?'} ${year}`;
