/** The calendar of the years 1 to 9999, which OData, PostgreSQL, .NET and JavaScript write the same way. */

const firstInstant = -62_135_596_800_000;
const lastInstant = 253_402_300_799_999;

/** Whether an instant, in milliseconds since 1970, lies in the years 1 to 9999 of UTC. An offset may lead out of them. */
export function isStorable(milliseconds: number): boolean {
  return milliseconds >= firstInstant && milliseconds <= lastInstant;
}

/** `Date.UTC` for every year: that one takes the years 0 to 99 for those of the 20th century. `month` counts from 1. */
export function utcMilliseconds(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  // 400 years on the calendar is the same, and they have 146,097 days.
  const later = year < 400 ? 400 : 0;
  return Date.UTC(year + later, month - 1, day, hour, minute, second) - (later === 0 ? 0 : 146_097 * 86_400_000);
}

export function isDate(year: number, month: number, day: number): boolean {
  return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth(year, month);
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) {
    return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  }
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
