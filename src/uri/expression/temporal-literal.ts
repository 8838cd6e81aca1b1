import type { LiteralType } from '../syntax.ts';

/** Shape of a date, a date with time, or a time of day; the ranges are checked after the shape. */
const dateTimePattern =
  /(-?(?:0\d{3}|[1-9]\d{3,}))-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+\- ]\d\d:\d\d)?)?/y;
const timePattern = /(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?/y;
const durationPattern = /^-?P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/i;

export interface TemporalToken {
  readonly type: Extract<LiteralType, 'date' | 'dateTimeOffset' | 'timeOfDay'>;
  /** With `T` and `Z` in upper case and the sign of the offset restored where a client lost it. */
  readonly text: string;
  /** Characters taken from the source. */
  readonly length: number;
  /** What is wrong with it, if anything. */
  readonly fault: string | null;
  /** The second is 60, which a minute of UTC may have. */
  readonly leap: boolean;
}

/**
 * Reads a date, dateTimeOffset or timeOfDay literal at `start` (OData ABNF 4.01, section 7), or null if none starts here.
 * Seconds are optional. A blank before the hours of the offset is a `+` that was decoded as in HTML forms.
 */
export function temporalToken(text: string, start: number): TemporalToken | null {
  dateTimePattern.lastIndex = start;
  const dated = dateTimePattern.exec(text);
  if (dated !== null) {
    return dated[4] === undefined ? dateToken(dated) : dateTimeToken(dated);
  }
  timePattern.lastIndex = start;
  const timed = timePattern.exec(text);
  if (timed === null) {
    return null;
  }
  const [all, hour, minute, second, fraction] = timed;
  const fault = timeFault({ hour, minute, second, fraction });
  return { type: 'timeOfDay', text: all, length: all.length, fault, leap: second === '60' };
}

/** dayTimeDuration: days, hours, minutes, seconds; no years, no months, no leading plus. */
export function isDuration(text: string): boolean {
  return durationPattern.test(text);
}

function dateToken(found: RegExpExecArray): TemporalToken {
  const text = found[0];
  return { type: 'date', text, length: text.length, fault: dateFault(found[1], found[2], found[3]), leap: false };
}

function dateTimeToken(found: RegExpExecArray): TemporalToken {
  const [all, year, month, day, hour, minute, second, fraction, offset] = found;
  const fault =
    dateFault(year, month, day) ??
    timeFault({ hour, minute, second, fraction }) ??
    (offset === undefined ? "a date with a time needs 'Z' or an offset such as '+01:00'" : offsetFault(offset));
  const upper = all.toUpperCase();
  const text = offset?.startsWith(' ') ? `${upper.slice(0, -6)}+${upper.slice(-5)}` : upper;
  return { type: 'dateTimeOffset', text, length: all.length, fault, leap: second === '60' };
}

function dateFault(year = '', month = '', day = ''): string | null {
  const monthNumber = Number(month);
  if (monthNumber < 1 || monthNumber > 12) {
    return `month ${month} does not exist`;
  }
  const dayNumber = Number(day);
  return dayNumber < 1 || dayNumber > daysInMonth(year, monthNumber) ? `day ${day} does not exist in ${month}` : null;
}

/** The proleptic Gregorian calendar; only the last four digits of the year matter, so any length of year works. */
function daysInMonth(year: string, month: number): number {
  if (month !== 2) {
    return [4, 6, 9, 11].includes(month) ? 30 : 31;
  }
  const digits = Number(year.slice(-4));
  return digits % 4 === 0 && (digits % 100 !== 0 || digits % 400 === 0) ? 29 : 28;
}

interface TimeParts {
  readonly hour: string | undefined;
  readonly minute: string | undefined;
  readonly second: string | undefined;
  readonly fraction: string | undefined;
}

function timeFault(parts: TimeParts): string | null {
  if (Number(parts.hour) > 23) {
    return `hour ${parts.hour} does not exist`;
  }
  if (Number(parts.minute) > 59) {
    return `minute ${parts.minute} does not exist`;
  }
  // A leap second ends a minute that ends a quarter of an hour in every time zone there is.
  const most = /^(?:14|29|44|59)$/.test(parts.minute ?? '') ? 60 : 59;
  if (Number(parts.second ?? 0) > most) {
    return `second ${parts.second} does not exist`;
  }
  return (parts.fraction?.length ?? 0) > 12 ? 'at most 12 digits of a second are allowed' : null;
}

function offsetFault(offset: string): string | null {
  if (/^z$/i.test(offset)) {
    return null;
  }
  return Number(offset.slice(1, 3)) > 23 || Number(offset.slice(4)) > 59 ? `offset ${offset} does not exist` : null;
}
