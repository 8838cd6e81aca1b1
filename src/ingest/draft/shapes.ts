/** How times are written that are no ISO 8601: what is the same in all cells of one way to write. */
export interface DateShape {
  /** Luxon patterns when the day stands first, and when the month does; the same where nobody can mistake them. */
  readonly dayFirst: string;
  readonly monthFirst: string;
  readonly hasTime: boolean;
}

const numeric =
  /^(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:( |T|, )(\d{1,2}):(\d\d)(?::(\d\d))?(?:( ?)([AaPp][Mm]))?)?$/;
const yearFirst = /^(\d{4})([/.])(\d{1,2})\2(\d{1,2})(?:( |T)(\d{1,2}):(\d\d)(?::(\d\d))?)?$/;
const named =
  /^\d{1,2}([ -])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\1\d{4}(?:( )\d{1,2}:\d\d(?::(\d\d))?)?$/i;

/** null: the cell is written in none of the ways that are known here. */
export function dateShape(cell: string): DateShape | null {
  const digits = numeric.exec(cell);
  if (digits !== null) {
    const [, , mark = '', , year = '', gap, , , seconds, blank = '', half] = digits;
    const clock = `${half === undefined ? 'H' : 'h'}:mm${seconds === undefined ? '' : ':ss'}${half === undefined ? '' : `${blank}a`}`;
    const time = gap === undefined ? '' : `${gap === 'T' ? "'T'" : gap}${clock}`;
    const years = year.length === 4 ? 'yyyy' : 'yy';
    return {
      dayFirst: `d${mark}M${mark}${years}${time}`,
      monthFirst: `M${mark}d${mark}${years}${time}`,
      hasTime: gap !== undefined,
    };
  }
  const other = yearFirst.exec(cell);
  if (other !== null) {
    const [, , mark = '', , , gap, , , seconds] = other;
    return same(`yyyy${mark}M${mark}d`, gap, seconds);
  }
  const month = named.exec(cell);
  if (month !== null) {
    const [, mark = '', gap, seconds] = month;
    return same(`d${mark}MMM${mark}yyyy`, gap, seconds);
  }
  return null;
}

function same(date: string, gap: string | undefined, seconds: string | undefined): DateShape {
  const time = gap === undefined ? '' : `${gap === 'T' ? "'T'" : gap}H:mm${seconds === undefined ? '' : ':ss'}`;
  return { dayFirst: date + time, monthFirst: date + time, hasTime: gap !== undefined };
}

/** Which of the first two numbers of a date can only be a day. */
export function dayPlace(cell: string): 'first' | 'second' | null {
  const digits = numeric.exec(cell);
  if (digits === null) {
    return null;
  }
  const [first, second] = [Number(digits[1]), Number(digits[3])];
  if (first > 12 && second <= 12) {
    return 'first';
  }
  return second > 12 && first <= 12 ? 'second' : null;
}
