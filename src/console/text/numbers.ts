const groups = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const rough = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** A count, its thousands apart. */
export const count = (value: number | string): string => groups.format(Number(value));

/** `1 row`, `12,345 rows`. */
export const counted = (value: number | string, one: string, many = `${one}s`): string =>
  `${count(value)} ${Number(value) === 1 ? one : many}`;

/**
 * A number as the feed wrote it, with its thousands apart from five digits on: years stay as they are. Text goes in and text comes out, so that no digit is
 * lost.
 */
export function digits(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(text) ?? [];
  if (whole === '') {
    return text;
  }
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return `${sign}${grouped}${fraction}`;
}

/** A measured value: whole from a hundred on, else three significant digits. */
export const measured = (value: number): string =>
  Math.abs(value) >= 100 || Number.isInteger(value) ? groups.format(value) : rough.format(value);

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

/** A share of one in percent. */
export const share = (value: number): string => percent.format(value);

/** A duration in its two greatest units. */
export function duration(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  const sign = seconds < 0 ? '-' : '';
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const first = units.findIndex(([length]) => whole >= length);
  if (first < 0) {
    return '0 s';
  }
  let rest = whole;
  const texts = units.slice(first, first + 2).flatMap(([length, name]) => {
    const n = Math.floor(rest / length);
    rest -= n * length;
    return n > 0 ? [`${n} ${name}`] : [];
  });
  return `${sign}${texts.join(' ')}`;
}

/** Bytes in the unit in which they have up to four digits. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return `${rough.format(value / 1000 ** power)} ${units[power] ?? ''}`;
}
