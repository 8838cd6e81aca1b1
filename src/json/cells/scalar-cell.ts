import { exactDigits } from '../../edm/real-text.ts';
import type { ByteOutput } from '../bytes/byte-output.ts';
import { byteRun, putRun } from '../bytes/byte-run.ts';
import type { CellInput } from './cell-input.ts';
import { cellEnd, noSeparator } from './cell-text.ts';

/** Copies a cell that needs no change (digits, dates, guids); its separator is the first control byte. */
export function writeRaw(input: CellInput, start: number, output: ByteOutput): number {
  const bytes = input.bytes;
  const written = output.bytes;
  let at = start;
  let to = output.position;
  for (;;) {
    const byte = bytes[at] as number;
    if (!(byte >= 0x20)) {
      break; // so that undefined, behind the last byte, ends it too
    }
    written[to++] = byte;
    at++;
  }
  if (at >= bytes.length) {
    throw noSeparator();
  }
  output.position = to;
  return at;
}

const trueRun = byteRun('true');
const falseRun = byteRun('false');

/** PostgreSQL's `t`/`f` (or `true`/`false` in a nested collection). */
export function writeBoolean(input: CellInput, start: number, output: ByteOutput): number {
  putRun(input.bytes[start] === 0x74 ? trueRun : falseRun, output);
  return cellEnd(input, start, true);
}

/**
 * Floating point: digits as `realText` has them. Most cells are short, so only the others are looked at again. The strings that
 * OData JSON (7.1) names are those of `writeNumber`.
 */
export function writeReal(input: CellInput, start: number, output: ByteOutput): number {
  const end = writeNumber(input, start, output);
  if (end - start > exactDigits) {
    if (needsExponent(input.bytes, start, end)) {
      putRun(noExponent, output);
    }
  } else if (end - start === 2 && input.bytes[start] === 0x2d && input.bytes[start + 1] === 0x30) {
    putRun(fractionZero, output);
  }
  return end;
}

const noExponent = byteRun('E0');
const fractionZero = byteRun('.0');

/**
 * More than fifteen digits from the first that is no zero on, and no exponent. PostgreSQL's has two or three digits, and it
 * writes whole numbers of more than fifteen digits with one: what is left has a point.
 */
function needsExponent(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[end - 4] === 0x65 || bytes[end - 5] === 0x65) {
    return false;
  }
  let at = bytes[start] === 0x2d ? start + 1 : start;
  if (bytes[at] !== 0x30) {
    return end - at - 1 > exactDigits;
  }
  for (at += 2; bytes[at] === 0x30; ) {
    at++;
  }
  return end - at > exactDigits;
}

/** Floating point and decimals: `NaN`, `Infinity` and `-Infinity` become the strings that OData JSON (7.1) names. */
export function writeNumber(input: CellInput, start: number, output: ByteOutput): number {
  if (!isSpecialNumber(input, start)) {
    return writeRaw(input, start, output);
  }
  const end = cellEnd(input, start, true);
  const text = input.bytes.toString('latin1', start, end);
  const special = specialNumbers.get(text);
  if (special === undefined) {
    return writeRaw(input, start, output);
  }
  output.position += output.bytes.write(`"${special}"`, output.position, 'latin1');
  return end;
}

/** Whether a floating point cell is one of the three that are no digits. */
export function isSpecialNumber(input: CellInput, start: number): boolean {
  const first = input.bytes[start] as number;
  return first > 0x39 || (first === 0x2d && (input.bytes[start + 1] as number) > 0x39);
}

/** The greatest Decimal of the .NET readers: they refuse the whole page for one beyond it. */
const greatestDecimal = Buffer.from('79228162514264337593543950335', 'latin1');

/**
 * Whether the readers of a computed Decimal cannot hold it: it is served as null. Stored ones were checked when they were loaded.
 * No digits are one of PostgreSQL's `NaN` and `Infinity`, which are no Decimals either.
 */
export function isBeyondDecimal({ bytes }: CellInput, start: number): boolean {
  const first = bytes[start] === 0x2d ? start + 1 : start;
  let end = first;
  while ((bytes[end] as number) >= 0x30 && (bytes[end] as number) <= 0x39) {
    end++;
  }
  if (end - first !== greatestDecimal.length) {
    return end === first || end - first > greatestDecimal.length;
  }
  return bytes.compare(greatestDecimal, 0, greatestDecimal.length, first, end) > 0;
}

const specialNumbers: ReadonlyMap<string, string> = new Map([
  ['NaN', 'NaN'],
  ['Infinity', 'INF'],
  ['-Infinity', '-INF'],
]);

/** The same numbers inside quotes that are already there (`IEEE754Compatible=true`). */
export function writeQuotedNumber(input: CellInput, start: number, output: ByteOutput): number {
  const end = cellEnd(input, start, true);
  const text = input.bytes.toString('latin1', start, end);
  output.position += output.bytes.write(specialNumbers.get(text) ?? text, output.position, 'latin1');
  return end;
}

/**
 * bytea's `\\x68656c` (hex; COPY doubles the backslash) becomes base64 with padding. The standard says base64url (JSON 7.1), and
 * asks readers to take both; those of the .NET libraries take this one only.
 */
export function writeBinary(input: CellInput, start: number, output: ByteOutput): number {
  const end = cellEnd(input, start, true);
  const digits = input.bytes.toString('latin1', input.bytes.indexOf(0x78, start) + 1, end);
  output.position += output.bytes.write(Buffer.from(digits, 'hex').toString('base64'), output.position, 'latin1');
  return end;
}

/** A column that already holds JSON text; only COPY's escapes are taken away. */
export function writeJson(input: CellInput, start: number, output: ByteOutput): number {
  const end = cellEnd(input, start, true);
  const bytes = input.bytes;
  const written = output.bytes;
  let to = output.position;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== 0x5c) {
      written[to++] = bytes[at] as number;
    } else {
      written[to++] = jsonByte(bytes[++at] as number);
    }
  }
  output.position = to;
  return end;
}

/** White space between JSON tokens is all that COPY may have escaped besides the backslash. */
function jsonByte(escaped: number): number {
  return escaped === 0x5c ? 0x5c : 0x20;
}
