import { DateTime } from 'luxon';

const firstInstant = Date.UTC(2000, 0, 1);
const lastInstant = Date.UTC(2100, 0, 1);

/** Year, month and day, with one mark between them or none. */
const day = String.raw`(?<year>20\d\d)(?<mark>[-._ ]?)(?<month>\d\d)\k<mark>(?<day>\d\d)`;
/** Hour, minute and second. Four digits without a mark or a T are more likely the number of a part (`_0001`) than hour and minute. */
const clock = String.raw`(?:T|[-._ ]{1,3})(?<hour>\d\d)(?<colon>[-:._]?)(?<minute>\d\d)(?:\k<colon>(?<second>\d\d)(?:[.,]?(?<fraction>\d{3}))?|(?<=T\d\d[-:._]?\d\d|\d\d[-:._]\d\d))(?<utc>Z(?![a-z]))?`;
const dayAndClock = new RegExp(String.raw`(?<!\d)${day}(?:${clock})?(?!\d)`, 'gi');
const digits = /(?<!\d)(?:\d{28}|\d{17}|\d{12,14}|\d{10})(?!\d)/g;
const uuid = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/gi;

/**
 * The last time that a file name seems to say: unix time in seconds or milliseconds, `yyyyMMddHHmmss`, `ddMMyyyyHHmmss`, a date (`yyyyMMdd`,
 * `yyyy-MM-dd`), or a date with the time of day behind it (`yyyyMMdd_HHmmss`, `yyyy-MM-ddTHH-mm-ssZ`); null: none. `zone` is that of times
 * without a Z.
 */
export function timeOfName(name: string, zone: string): Date | null {
  const text = name.replace(uuid, '|');
  const found = [
    ...[...text.matchAll(dayAndClock)].map((match) => ({ match, read: () => readDay(match.groups ?? {}, zone) })),
    ...[...text.matchAll(digits)].map((match) => ({ match, read: () => readDigits(match[0], zone) })),
  ];
  const times = found
    .filter(({ match }) => standsAlone(text, match.index, match.index + match[0].length))
    .map(({ match, read }) => ({ at: match.index, time: read() }))
    .filter(({ time }) => time >= firstInstant && time < lastInstant)
    .sort((a, b) => b.at - a.at);
  const [last] = times;
  return last === undefined ? null : new Date(last.time);
}

/** Not a part of a hexadecimal number, as digests and ids are: a word may stand before it or behind it (`feed20250616`). */
function standsAlone(text: string, start: number, end: number): boolean {
  const [before] = /[\da-z]*$/i.exec(text.slice(0, start)) ?? [''];
  const [behind] = /^[\da-z]*/i.exec(text.slice(end)) ?? [''];
  const isOwn = (word: string, next: string): boolean => !/[a-f]/i.test(next) || /^[a-z]*$/i.test(word);
  return isOwn(before, before.slice(-1)) && isOwn(behind, behind.slice(0, 1));
}

/** Milliseconds since 1970; NaN: there is no such day. */
function readDay(part: Readonly<Record<string, string | undefined>>, zone: string): number {
  const [year, month, dayOfMonth] = [part['year'], part['month'], part['day']].map(Number);
  const date = { year, month, day: dayOfMonth };
  const [hour, minute, second, millisecond] = [part['hour'], part['minute'], part['second'], part['fraction']].map(
    (text) => Number(text ?? 0),
  );
  const timed = DateTime.fromObject(
    { ...date, hour, minute, second, millisecond },
    { zone: part['utc'] === undefined ? zone : 'utc' },
  );
  // What stands behind the day is no time then, but the number of something.
  return timed.isValid && hour !== 24 ? timed.toMillis() : DateTime.fromObject(date, { zone }).toMillis();
}

function readDigits(text: string, zone: string): number {
  if (text.length === 28) {
    return readDigits(text.slice(14), zone);
  }
  if (text.length === 10) {
    return Number(text) * 1000;
  }
  if (text.length === 13) {
    return Number(text);
  }
  return (
    ['yyyyMMddHHmmss', 'ddMMyyyyHHmmss', 'yyyyMMddHHmm', 'yyyyMMddHHmmssSSS']
      .map((format) => DateTime.fromFormat(text, format, { zone }).toMillis())
      .find((value) => value >= firstInstant && value < lastInstant) ?? Number.NaN
  );
}
