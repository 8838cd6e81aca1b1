import { dayTimeDuration } from '../../edm/duration-text.ts';
import type { ByteOutput } from '../bytes/byte-output.ts';
import type { CellInput } from './cell-input.ts';
import { cellEnd, noSeparator } from './cell-text.ts';
import { writeRaw } from './scalar-cell.ts';

/**
 * timestamptz of a session in UTC, `2024-01-02 03:04:05.123+00`, becomes `2024-01-02T03:04:05.123Z`. Where PostgreSQL
 * has more than OData can say, the nearest value that readers hold is written: `infinity` is the last instant of the year
 * 9999, `-infinity` the first of the year 1; years before Christ count from 0 downwards (ABNF `year`).
 */
export function writeInstant(input: CellInput, start: number, output: ByteOutput): number {
  const bytes = input.bytes;
  if (bytes[start + 10] !== 0x20) {
    return writeRareInstant(input, start, output);
  }
  const written = output.bytes;
  let to = output.position;
  let at = start;
  for (; at < start + 10; at++) {
    written[to++] = bytes[at] as number;
  }
  written[to++] = 0x54;
  at++;
  for (;;) {
    const byte = bytes[at] as number;
    if (byte === 0x2b || !(byte >= 0x20)) {
      break; // undefined stands behind the last byte
    }
    written[to++] = byte;
    at++;
  }
  if (at + 3 >= bytes.length) {
    throw noSeparator();
  }
  if (bytes[at + 3] === 0x20) {
    return writeRareInstant(input, start, output);
  }
  written[to++] = 0x5a;
  output.position = to;
  return at + 3;
}

function writeRareInstant(input: CellInput, start: number, output: ByteOutput): number {
  const end = cellEnd(input, start, true);
  output.position += output.bytes.write(
    rareInstant(input.bytes.toString('latin1', start, end)),
    output.position,
    'latin1',
  );
  return end;
}

function rareInstant(text: string): string {
  if (text === 'infinity') {
    return '9999-12-31T23:59:59.999999Z';
  }
  if (text === '-infinity') {
    return '0001-01-01T00:00:00Z';
  }
  const [date = '', time = ''] = text.split(' ');
  return `${text.endsWith(' BC') ? beforeChrist(date) : date}T${time.replace(/[+-]\d\d(:\d\d)*$/, '')}Z`;
}

/** 1 BC is the year 0 of ISO 8601. */
function beforeChrist(date: string): string {
  const dash = date.indexOf('-');
  const year = Number(date.slice(0, dash)) - 1;
  return `${year === 0 ? '' : '-'}${String(year).padStart(4, '0')}${date.slice(dash)}`;
}

/** `2024-01-02` as it is; the rare values as in `writeInstant`. */
export function writeDate(input: CellInput, start: number, output: ByteOutput): number {
  const after = input.bytes[start + 10] as number;
  if (after < 0x20 && input.bytes[start + 4] === 0x2d) {
    return writeRaw(input, start, output);
  }
  const end = cellEnd(input, start, true);
  const text = input.bytes.toString('latin1', start, end);
  output.position += output.bytes.write(rareDate(text), output.position, 'latin1');
  return end;
}

function rareDate(text: string): string {
  if (text === 'infinity') {
    return '9999-12-31';
  }
  if (text === '-infinity') {
    return '0001-01-01';
  }
  return text.endsWith(' BC') ? beforeChrist(text.slice(0, -3)) : text;
}

/** `03:04:05.123` as it is; PostgreSQL's `24:00:00` has no OData spelling and becomes the last microsecond of the day. */
export function writeTimeOfDay(input: CellInput, start: number, output: ByteOutput): number {
  if (input.bytes[start] !== 0x32 || input.bytes[start + 1] !== 0x34) {
    return writeRaw(input, start, output);
  }
  output.position += output.bytes.write('23:59:59.999999', output.position, 'latin1');
  return cellEnd(input, start, true);
}

/**
 * An interval in `iso_8601` style as Edm.Duration (a signed `dayTimeDuration`): one sign in front, days and smaller.
 * Months count 30 days and years 365.25, as PostgreSQL's own `extract(epoch ...)` does.
 */
export function writeDuration(input: CellInput, start: number, output: ByteOutput): number {
  const end = cellEnd(input, start, true);
  if (isPlainDuration(input.bytes, start, end)) {
    return writeRaw(input, start, output);
  }
  const text = input.bytes.toString('latin1', start, end);
  output.position += output.bytes.write(durationCell(text), output.position, 'latin1');
  return end;
}

/** Neither a sign nor a year or month: already a dayTimeDuration. */
function isPlainDuration(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0x50) {
    return false;
  }
  let inTime = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === 0x2d || byte === 0x59 || (byte === 0x4d && !inTime)) {
      return false;
    }
    if (byte === 0x54) {
      inTime = true;
    }
  }
  return true;
}

function durationCell(text: string): string {
  if (text === 'infinity') {
    return 'P10675199DT2H48M5.4775807S';
  }
  if (text === '-infinity') {
    return '-P10675199DT2H48M5.4775808S';
  }
  return dayTimeDuration(text);
}
