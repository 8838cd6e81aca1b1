const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const month = `(?<month>${months.join('|')})`;
const time = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';
const forms = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${month}-(?<year>\\d\\d) ${time} GMT$`),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>\\d\\d| \\d) ${time} (?<year>\\d{4})$`),
];

/**
 * Milliseconds since 1970 of a date in one of the three forms of HTTP (RFC 9110, 5.6.7); null: it is none. `Date.parse` takes much else for a date, `-5` among it.
 * `now`: milliseconds, by which a year of two digits that would be more than 50 years ahead is one of the past.
 */
export function httpDate(text: string, now: number): number | null {
  const parts = forms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) {
    return null;
  }
  const { year = '', day, hour, minute, second } = parts;
  const place = months.indexOf(parts['month'] ?? '');
  const date = new Date(0);
  date.setUTCFullYear(year.length === 2 ? fullYear(Number(year), now) : Number(year), place, Number(day));
  if (date.getUTCMonth() !== place || date.getUTCDate() !== Number(day)) {
    return null;
  }
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}

function fullYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + digits;
  return year > thisYear + 50 ? year - 100 : year;
}
