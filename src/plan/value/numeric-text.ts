import type { PrimitiveTypeName } from '../../edm/model.ts';

/** Text of numbers to the canonical text of a `Constant`, and back to the narrowest type that holds it. */

const integerPattern = /^[+-]?\d+$/;
const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

const integerRanges: readonly (readonly [PrimitiveTypeName, bigint, bigint])[] = [
  ['Edm.SByte', -128n, 127n],
  ['Edm.Byte', 0n, 255n],
  ['Edm.Int16', -32768n, 32767n],
  ['Edm.Int32', -2147483648n, 2147483647n],
  ['Edm.Int64', -9223372036854775808n, 9223372036854775807n],
];

/** Digits without sign `+` and leading zeros; null where the text is no integer. */
export function canonicalInteger(text: string): string | null {
  return integerPattern.test(text) ? BigInt(text.replace(/^\+/, '')).toString() : null;
}

/** The narrowest integer type that holds the value; `Edm.Decimal` beyond Int64. */
export function narrowestType(integer: string): PrimitiveTypeName {
  const value = BigInt(integer);
  for (const [type, low, high] of integerRanges) {
    if (value >= low && value <= high) {
      return type;
    }
  }
  return 'Edm.Decimal';
}

/** Smallest and largest value of an integer type. */
export function integerRange(type: PrimitiveTypeName): readonly [bigint, bigint] {
  const found = integerRanges.find(([name]) => name === type);
  if (found === undefined) {
    throw new TypeError(`${type} is no integer type`);
  }
  return [found[1], found[2]];
}

/** True where the integer text is in the range of the integer type. */
export function fits(integer: string, type: PrimitiveTypeName): boolean {
  const value = BigInt(integer);
  return integerRanges.some(([name, low, high]) => name === type && value >= low && value <= high);
}

/** Plain decimal digits, exponent worked out, trailing zeros of the fraction dropped; null where it is no finite decimal. */
export function canonicalDecimal(text: string): string | null {
  const match = decimalPattern.exec(text);
  if (match === null) {
    return null;
  }
  const [whole, digits, exponent] = [match[2] ?? '', match[3] ?? '', Number(match[4] ?? '0')];
  if (whole === '' && digits === '') {
    return null;
  }
  const all = `${whole}${digits}`;
  const point = whole.length + exponent;
  const padded = point < 0 ? `${'0'.repeat(-point)}${all}` : all.padEnd(point, '0');
  const at = Math.max(point, 0);
  const before = padded.slice(0, at).replace(/^0+/, '') || '0';
  const after = padded.slice(at).replace(/0+$/, '');
  const value = after === '' ? before : `${before}.${after}`;
  return match[1] === '-' && value !== '0' ? `-${value}` : value;
}

/**
 * As `canonicalDouble`, for Edm.Single; null also where a Single has no such size: it would become infinite or zero, and
 * PostgreSQL fails at it.
 */
export function canonicalSingle(text: string): string | null {
  const double = canonicalDouble(text);
  if (double === null || /[IN]/.test(double)) {
    return double;
  }
  const single = Math.fround(Number(double));
  return Number.isFinite(single) && (single !== 0 || Number(double) === 0) ? double : null;
}

/** The shortest text that reads back as the same double; `INF`, `-INF`, `NaN`. Null where the text is no number. */
export function canonicalDouble(text: string): string | null {
  if (text === 'INF' || text === '-INF' || text === 'NaN') {
    return text;
  }
  if (!decimalPattern.test(text) || !/\d/.test(text)) {
    return null;
  }
  const value = Number(text);
  if (value === Number.POSITIVE_INFINITY) {
    return 'INF';
  }
  if (value === Number.NEGATIVE_INFINITY) {
    return '-INF';
  }
  return String(value).replace('e+', 'e');
}
