import { Buffer } from 'node:buffer';

const [tab, lineFeed, backslash] = [0x09, 0x0a, 0x5c];
/** Between a row's line and its fault: byte range. */
const fieldsBeforeFault = 3;
/** Place and fault: `_line`, byte range, and five columns of the fault. */
const fieldsBeforeValues = 8;

/** Staging lines taken apart: those of rows that can be stored, and the others as they were. */
export interface TakenApart {
  /** `_line`, the values, then `marks`, as COPY text; null: no row. */
  readonly taken: Uint8Array | null;
  /** Lines of rejected rows; null: none. */
  readonly left: Uint8Array | null;
}

/**
 * Makes lines for the table itself of whole lines for staging, which have place and fault in front of the values (see `StagingLines`). `marks`
 * stand behind the values of each row, each behind a tab, as COPY text. Tabs and line feeds inside of values are escaped in such text, so that each
 * byte of theirs is a boundary.
 */
export function takeApart(lines: Uint8Array, marks: Buffer): TakenApart {
  const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.length);
  // What goes is longer than the marks nearly always: place and fault are 24 bytes and more.
  let taken = Buffer.allocUnsafe(bytes.length + 1024);
  let filled = 0;
  const left: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start);
    const [fault, lineEnd] = [field(bytes, start, fieldsBeforeFault), bytes.indexOf(tab, start)];
    if (bytes[fault] !== backslash || bytes[fault + 1] !== 0x4e || bytes[fault + 2] !== tab) {
      left.push(bytes.subarray(start, end + 1));
    } else {
      const values = field(bytes, start, fieldsBeforeValues) - 1;
      const needed = lineEnd - start + (end - values) + marks.length + 1;
      if (filled + needed > taken.length) {
        taken = Buffer.concat([taken.subarray(0, filled)], filled + Math.max(needed, taken.length));
      }
      filled += bytes.copy(taken, filled, start, lineEnd);
      filled += bytes.copy(taken, filled, values, end);
      filled += marks.copy(taken, filled);
      taken[filled++] = lineFeed;
    }
    start = end + 1;
  }
  return {
    taken: filled === 0 ? null : taken.subarray(0, filled),
    left: left.length === 0 ? null : Buffer.concat(left),
  };
}

/** Where the field begins that has `count` others in front of it. */
function field(bytes: Buffer, start: number, count: number): number {
  let at = start;
  for (let index = 0; index < count; index++) {
    at = bytes.indexOf(tab, at) + 1;
  }
  return at;
}
