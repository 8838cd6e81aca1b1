import { DateTime } from 'luxon';
import { type CellConverter, type Converted, fault } from './cell.ts';
import type { ZoneClock } from './zone-clock.ts';

/** How a source writes times. */
export interface TimeReading {
  readonly clock: ZoneClock;
  /** Luxon patterns tried after ISO 8601. */
  readonly patterns: readonly string[];
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?$/i;
const TIME = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?$/;
const DIGITS = /^\d+$/;

/** Seconds since 1970, milliseconds where 13 digits are given; 0 is null: the exports write it for "never". */
export const convertUnixSeconds: CellConverter = (cell) => {
  if (!/^\d+(?:\.0+)?$/.test(cell)) return fault('INVALID_UNIX_TIME', cell, 'a time in unix seconds');
  const value = Number(cell);
  if (value === 0) return null;
  const milliseconds = cell.length === 13 && DIGITS.test(cell) ? value : value * 1000;
  // Year 9999 is the last one OData and PostgreSQL agree on.
  return milliseconds > 253_402_300_799_999
    ? fault('OUT_OF_RANGE', cell, 'before the year 10000')
    : instantText(milliseconds);
};

/** ISO 8601 with or without offset, then the source's patterns; without an offset the source's zone counts. */
export function dateTimeConverter(reading: TimeReading): CellConverter {
  return (cell) => readDateTime(cell, reading) ?? fault('INVALID_DATE_TIME', cell, 'a date and time in a known form');
}

/** Date of an ISO text or a pattern; a time beside it must be midnight. */
export function dateConverter(reading: TimeReading): CellConverter {
  return (cell) => {
    const iso = ISO.exec(cell);
    if (iso !== null) {
      const [, year = '', month = '', day = '', ...time] = iso;
      const midnight = time.slice(0, 4).every((part) => part === undefined || Number(part) === 0);
      return midnight && isDate(Number(year), Number(month), Number(day))
        ? `${year}-${month}-${day}`
        : fault('INVALID_DATE', cell, 'a date');
    }
    for (const pattern of reading.patterns) {
      const parsed = DateTime.fromFormat(cell, pattern, { zone: 'utc' });
      if (parsed.isValid && parsed.toMillis() % 86_400_000 === 0) return parsed.toFormat('yyyy-MM-dd');
    }
    const dateOnly = reading.patterns.map((pattern) => pattern.split(/[ T']/)[0] ?? '');
    for (const pattern of dateOnly) {
      const parsed = pattern === '' ? null : DateTime.fromFormat(cell, pattern, { zone: 'utc' });
      if (parsed?.isValid) return parsed.toFormat('yyyy-MM-dd');
    }
    return fault('INVALID_DATE', cell, 'a date');
  };
}

/** `H:mm`, `HH:mm:ss`, with a fraction of a second where given. */
export const convertTimeOfDay: CellConverter = (cell) =>
  readTime(cell) ?? fault('INVALID_TIME_OF_DAY', cell, 'a time of day');

/**
 * The exports' loosest kind of time: unix seconds, date and time, or a bare time of day that belongs to the date beside it.
 * `date`: that date as `yyyy-MM-dd`, null where the row has none.
 */
export function convertMoment(cell: string, date: string | null, reading: TimeReading): Converted {
  if (DIGITS.test(cell)) return convertUnixSeconds(cell);
  const time = readTime(cell);
  if (time !== null) {
    if (date === null) return fault('INVALID_DATE_TIME', cell, 'complete: the row has no date for this time');
    const { instant } = reading.clock.place(wallClock(date, time));
    return isStorable(instant) ? instantText(instant) : fault('OUT_OF_RANGE', cell, 'within the years 1 to 9999');
  }
  return dateTimeConverter(reading)(cell);
}

/** `yyyy-MM-dd` and `HH:mm:ss` read as if they were UTC, in milliseconds. */
export function wallClock(date: string, time: string): number {
  return Date.parse(`${date}T${time.slice(0, 12)}Z`);
}

/** Years 1 to 9999, in UTC: what OData, PostgreSQL and JavaScript write the same way. An offset may lead out of it. */
export function isStorable(milliseconds: number): boolean {
  return milliseconds >= -62_135_596_800_000 && milliseconds <= 253_402_300_799_999;
}

/** PostgreSQL's and JavaScript's common form of an instant. */
export function instantText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function readDateTime(cell: string, reading: TimeReading): string | null {
  const iso = ISO.exec(cell);
  if (iso !== null) return readIso(iso, reading.clock);
  for (const pattern of reading.patterns) {
    const parsed = DateTime.fromFormat(cell, pattern, { zone: 'utc', setZone: true });
    if (!parsed.isValid) continue;
    const hasOffset = /Z|z/.test(pattern.replace(/'[^']*'/g, ''));
    const instant = hasOffset ? parsed.toMillis() : reading.clock.place(parsed.toMillis()).instant;
    return isStorable(instant) ? instantText(instant) : null;
  }
  return null;
}

function readIso(iso: RegExpExecArray, clock: ZoneClock): string | null {
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00', fraction = '', offset] = iso;
  if (!isDate(Number(year), Number(month), Number(day))) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const instant = offset === undefined ? clock.place(wall).instant : wall - offsetMilliseconds(offset);
  if (!isStorable(instant)) return null;
  const text = instantText(instant);
  return fraction === '' ? text : `${text.slice(0, 20)}${fraction.slice(0, 6)}Z`;
}

function offsetMilliseconds(offset: string): number {
  const parts = /^([+-])(\d\d):?(\d\d)?$/.exec(offset);
  if (parts === null) return 0;
  const minutes = Number(parts[2]) * 60 + Number(parts[3] ?? 0);
  return (parts[1] === '-' ? -minutes : minutes) * 60_000;
}

function readTime(cell: string): string | null {
  const parts = TIME.exec(cell);
  if (parts === null) return null;
  const [, hour = '', minute = '', second = '00', fraction] = parts;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  return `${hour.padStart(2, '0')}:${minute}:${second}${fraction === undefined ? '' : `.${fraction}`}`;
}

function isDate(year: number, month: number, day: number): boolean {
  return year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
