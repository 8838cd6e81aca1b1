/**
 * Text of dates, times and durations to the one canonical text of a `Constant` (see read-plan.ts), or null where the
 * text is not of that type. Arithmetic on text and day numbers only: no clock, no local zone.
 */

const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/;
const timePattern = /^(\d\d):(\d\d)(?::(\d\d)(\.\d{1,12})?)?$/;
const instantPattern = /^(\d{4}-\d\d-\d\d)[Tt]([\d:.]+)([Zz]|([+ -])(\d\d):?(\d\d))$/;
const durationPattern = /^([+-]?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d{1,12})?S)?)?$/i;

const minutesOfDay = 1440;
const millisecondsOfMinute = 60_000;

export function canonicalDate(text: string): string | null {
  const match = datePattern.exec(text);
  if (match === null) {
    return null;
  }
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1) {
    return null;
  }
  return day <= daysOfMonth(year, month) ? text : null;
}

/** `HH:MM:SS` with the fraction digits as written, trailing zeros dropped. */
export function canonicalTimeOfDay(text: string): string | null {
  const match = timePattern.exec(text);
  if (match === null) {
    return null;
  }
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? '0')];
  if (hour > 23 || minute > 59 || second > 59) {
    return null;
  }
  return `${match[1]}:${match[2]}:${match[3] ?? '00'}${fraction(match[4])}`;
}

/** In UTC with `Z`. Years 0001 to 9999 after the offset is taken away. A blank stands for a `+` that was decoded. */
export function canonicalDateTimeOffset(text: string): string | null {
  const match = instantPattern.exec(text);
  if (match === null) {
    return null;
  }
  const date = canonicalDate(match[1] ?? '');
  const time = canonicalTimeOfDay(match[2] ?? '');
  if (date === null || time === null) {
    return null;
  }
  if (match[4] === undefined) {
    return `${date}T${time}Z`;
  }
  const [hours, minutes] = [Number(match[5]), Number(match[6])];
  if (hours > 14 || minutes > 59) {
    return null;
  }
  const offset = (hours * 60 + minutes) * (match[4] === '-' ? -1 : 1);
  return shifted(date, time, -offset);
}

function shifted(date: string, time: string, minutes: number): string | null {
  const wanted = Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5)) + minutes;
  const days = Math.floor(wanted / minutesOfDay);
  const rest = wanted - days * minutesOfDay;
  const instant = new Date(`${date}T00:00:00Z`).getTime() + days * minutesOfDay * millisecondsOfMinute;
  const day = new Date(instant).toISOString();
  if (!/^\d{4}-/.test(day) || day.startsWith('0000')) {
    return null;
  }
  return `${day.slice(0, 10)}T${two(Math.floor(rest / 60))}:${two(rest % 60)}${time.slice(5)}Z`;
}

/** `PnDTnHnMnS` without parts that are zero; `PT0S` for nothing. */
export function canonicalDuration(text: string): string | null {
  const match = durationPattern.exec(text);
  if (match === null || /[PT]$/i.test(text)) {
    return null;
  }
  const days = part(match[2], 'D');
  const time = `${part(match[3], 'H')}${part(match[4], 'M')}${seconds(match[5], match[6])}`;
  if (days === '' && time === '') {
    return 'PT0S';
  }
  return `${match[1] === '-' ? '-' : ''}P${days}${time === '' ? '' : `T${time}`}`;
}

function part(digits: string | undefined, unit: string): string {
  const value = (digits ?? '').replace(/^0+/, '');
  return value === '' ? '' : `${value}${unit}`;
}

function seconds(whole: string | undefined, digits: string | undefined): string {
  const value = (whole ?? '').replace(/^0+/, '');
  const rest = fraction(digits);
  return value === '' && rest === '' ? '' : `${value === '' ? '0' : value}${rest}S`;
}

function fraction(digits: string | undefined): string {
  const kept = (digits ?? '').replace(/\.?0+$/, '');
  return kept;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) {
    return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  }
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const two = (value: number): string => String(value).padStart(2, '0');
