import { DateTime } from 'luxon';
import { type CellConverter, type CellFault, type Converted, fault, shownCell } from './cell.ts';
import { ruinedNumber } from './number-text.ts';
import { isDate, isStorable, utcMilliseconds } from './time-line.ts';
import type { ZoneClock } from './zone-clock.ts';

/** How a source writes times. */
export interface TimeReading {
  readonly clock: ZoneClock;
  /** Luxon patterns tried after isoPattern 8601. */
  readonly patterns: readonly string[];
}

/** Digits of a second are cut off behind the microsecond, which PostgreSQL holds: .NET and SQL Server write seven, others nine. */
const isoPattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?$/i;
const timePattern = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?$/;
const digitsPattern = /^\d+$/;

/** .NET's DateTimeOffset, and every zone there is, keeps within 14 hours of UTC. */
const maxOffset = 14 * 60;

/**
 * Unix seconds of nine or ten digits, 1973 to 2286: fewer are a spreadsheet's day number (46300) or a date (20260101), more a
 * date and time (202601011200).
 */
const earliest = 100_000_000;
const latest = 9_999_999_999;
/** The last day of the year 9999 stands for "never" in .NET and Java. */
const lastDay = 253_402_214_400;
const end = 253_402_300_800;

/** Seconds since 1970, milliseconds where 13 digits are given; 0 is null: the exports write it for "never". */
export const convertUnixSeconds: CellConverter = (cell) => {
  if (!/^\d+(?:\.0+)?$/.test(cell)) {
    return ruinedNumber(cell) ?? fault('INVALID_UNIX_TIME', cell, 'a time in unix seconds');
  }
  const value = Number(cell);
  if (value === 0) {
    return null;
  }
  if (value < earliest) {
    return dayNumber(cell, value);
  }
  if (cell.length === 13 && digitsPattern.test(cell)) {
    return instantText(value);
  }
  const known = value <= latest || (value >= lastDay && value < end);
  return known ? instantText(value * 1000) : fault('OUT_OF_RANGE', cell, 'a time in unix seconds before the year 2287');
};

function dayNumber(cell: string, value: number): CellFault {
  const isDay = value >= 1 && value < 2_958_466;
  const day = isDay
    ? `; a spreadsheet means ${instantText((Math.floor(value) - 25_569) * 86_400_000).slice(0, 10)} by it`
    : '';
  return { code: 'INVALID_UNIX_TIME', message: `${shownCell(cell)} is not a time in unix seconds since 1973${day}` };
}

/** isoPattern 8601 with or without offset, then the source's patterns; without an offset the source's zone counts. */
export function dateTimeConverter(reading: TimeReading): CellConverter {
  return (cell) => readDateTime(cell, reading) ?? fault('INVALID_DATE_TIME', cell, 'a date and time in a known form');
}

/** Date of an isoPattern text or a pattern; a time beside it must be midnight. */
export function dateConverter(reading: TimeReading): CellConverter {
  const dateOnly = reading.patterns.map((pattern) => pattern.split(/[ T']/)[0] ?? '').filter((one) => one !== '');
  return (cell) => {
    const iso = isoPattern.exec(cell);
    if (iso !== null) {
      const [, year = '', month = '', day = '', ...time] = iso;
      const midnight = time.slice(0, 4).every((part) => part === undefined || Number(part) === 0);
      return midnight && isDate(Number(year), Number(month), Number(day))
        ? `${year}-${month}-${day}`
        : fault('INVALID_DATE', cell, 'a date');
    }
    for (const [place, pattern] of [...reading.patterns, ...dateOnly].entries()) {
      const parsed = DateTime.fromFormat(cell, pattern, { zone: 'utc', setZone: true });
      const midnight = parsed.hour + parsed.minute + parsed.second + parsed.millisecond === 0;
      if (!parsed.isValid || (place < reading.patterns.length && !midnight)) {
        continue;
      }
      return isDate(parsed.year, parsed.month, parsed.day)
        ? parsed.toFormat('yyyy-MM-dd')
        : fault('INVALID_DATE', cell, 'a date of the years 1 to 9999');
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
  if (digitsPattern.test(cell)) {
    return convertUnixSeconds(cell);
  }
  const time = readTime(cell);
  if (time === null) {
    return dateTimeConverter(reading)(cell);
  }
  if (date === null) {
    return fault('INVALID_DATE_TIME', cell, 'complete: the row has no date for this time');
  }
  const instant = placed(wallClock(date, time), reading.clock);
  return instant === null
    ? fault('OUT_OF_RANGE', cell, 'within the years 1 to 9999')
    : fineInstant(instant, time.slice(9));
}

/** `yyyy-MM-dd` and `HH:mm:ss` read as if they were UTC, in milliseconds; what is finer is left out. */
export function wallClock(date: string, time: string): number {
  return Date.parse(`${date}T${time.slice(0, 8)}Z`);
}

/** PostgreSQL's and JavaScript's common form of an instant. */
export function instantText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Whole seconds as milliseconds, and digits of a second. */
export function fineInstant(milliseconds: number, fraction: string): string {
  const text = instantText(milliseconds);
  return fraction === '' ? text : `${text.slice(0, 20)}${fraction.slice(0, 6)}Z`;
}

/**
 * The instant of a wall clock in its zone, milliseconds; null outside of the years 1 to 9999. The first and the last hours of
 * these years, which programs write for "no date", stay in them whatever the zone, as .NET's conversion to UTC has it.
 */
export function placed(wall: number, clock: ZoneClock): number | null {
  if (!isStorable(wall)) {
    return null;
  }
  const { instant } = clock.place(wall);
  if (isStorable(instant)) {
    return instant;
  }
  return instant < wall ? utcMilliseconds(1, 1, 1) : utcMilliseconds(9999, 12, 31, 23, 59, 59);
}

function readDateTime(cell: string, reading: TimeReading): string | null {
  const iso = isoPattern.exec(cell);
  if (iso !== null) {
    return readIso(iso, reading.clock);
  }
  for (const pattern of reading.patterns) {
    const parsed = DateTime.fromFormat(cell, pattern, { zone: 'utc', setZone: true });
    if (!parsed.isValid) {
      continue;
    }
    const hasOffset = /Z|z/.test(pattern.replace(/'[^']*'/g, ''));
    if (hasOffset && Math.abs(parsed.offset) > maxOffset) {
      return null;
    }
    const instant = hasOffset ? parsed.toMillis() : placed(parsed.toMillis(), reading.clock);
    return instant !== null && isStorable(instant) ? instantText(instant) : null;
  }
  return null;
}

function readIso(iso: RegExpExecArray, clock: ZoneClock): string | null {
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00', fraction = '', zone] = iso;
  if (!isDate(Number(year), Number(month), Number(day))) {
    return null;
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return null;
  }
  const wall = utcMilliseconds(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  const offset = zone === undefined ? 0 : offsetMinutes(zone);
  if (offset === null) {
    return null;
  }
  const instant = zone === undefined ? placed(wall, clock) : wall - offset * 60_000;
  if (instant === null || !isStorable(instant)) {
    return null;
  }
  // The parts of a time in UTC are those of its text: a calendar is not asked for them once more.
  return instant === wall
    ? `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction === '' ? '000' : fraction.slice(0, 6)}Z`
    : fineInstant(instant, fraction);
}

/** Null where no clock is that far from UTC. */
function offsetMinutes(zone: string): number | null {
  const parts = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (parts === null) {
    return 0;
  }
  const rest = Number(parts[3] ?? 0);
  const minutes = Number(parts[2]) * 60 + rest;
  if (rest > 59 || minutes > maxOffset) {
    return null;
  }
  return parts[1] === '-' ? -minutes : minutes;
}

/** `HH:mm:ss` or `HH:mm:ss.f` of up to six digits. */
function readTime(cell: string): string | null {
  const parts = timePattern.exec(cell);
  if (parts === null) {
    return null;
  }
  const [, hour = '', minute = '', second = '00', fraction] = parts;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return null;
  }
  return `${hour.padStart(2, '0')}:${minute}:${second}${fraction === undefined ? '' : `.${fraction.slice(0, 6)}`}`;
}
