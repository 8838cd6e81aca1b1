import type { ByteOutput } from './byte-output.ts';
import { byteRun, putRun } from './byte-run.ts';
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
    if (!(byte >= 0x20)) break; // so that undefined, behind the last byte, ends it too
    written[to++] = byte;
    at++;
  }
  if (at >= bytes.length) throw noSeparator();
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

/** Floating point and decimals: `NaN`, `Infinity` and `-Infinity` become the strings that OData JSON (7.1) names. */
export function writeNumber(input: CellInput, start: number, output: ByteOutput): number {
  const first = input.bytes[start] as number;
  const second = input.bytes[start + 1] as number;
  if (first <= 0x39 && second <= 0x39) return writeRaw(input, start, output);
  const end = cellEnd(input, start, true);
  const text = input.bytes.toString('latin1', start, end);
  const special = specialNumbers.get(text);
  if (special === undefined) return writeRaw(input, start, output);
  output.position += output.bytes.write(`"${special}"`, output.position, 'latin1');
  return end;
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

/** bytea's `\\x68656c` (hex; COPY doubles the backslash) becomes base64url without padding. */
export function writeBinary(input: CellInput, start: number, output: ByteOutput): number {
  const end = cellEnd(input, start, true);
  const digits = input.bytes.toString('latin1', input.bytes.indexOf(0x78, start) + 1, end);
  output.position += output.bytes.write(Buffer.from(digits, 'hex').toString('base64url'), output.position, 'latin1');
  return end;
}

/** A column that already holds JSON text; only COPY's escapes are taken away. */
export function writeJson(input: CellInput, start: number, output: ByteOutput): number {
  const end = cellEnd(input, start, true);
  const bytes = input.bytes;
  const written = output.bytes;
  let to = output.position;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== 0x5c) written[to++] = bytes[at] as number;
    else written[to++] = jsonByte(bytes[++at] as number);
  }
  output.position = to;
  return end;
}

/** White space between JSON tokens is all that COPY may have escaped besides the backslash. */
function jsonByte(escaped: number): number {
  return escaped === 0x5c ? 0x5c : 0x20;
}
