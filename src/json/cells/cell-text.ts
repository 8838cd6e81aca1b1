import type { CellInput } from './cell-input.ts';

const unescaped: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Where the cell that starts at `start` ends. Not for the hot path of text. Throws where the bytes end within the cell. */
export function cellEnd(input: CellInput, start: number, nested: boolean): number {
  const bytes = input.bytes;
  if (nested && isNull(input, start, nested)) {
    return start + 1; // the null itself is a control byte
  }
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined) {
      throw noSeparator();
    }
    if (byte < 0x20 && (byte === 0x09 || byte === 0x0a || (nested && byte !== 0x1b))) {
      return at;
    }
    at += byte === 0x1b && nested ? 2 : 1;
  }
}

/** Text that PostgreSQL does not send; it must end the reply, not keep the gateway busy for ever. */
export function noSeparator(): RangeError {
  return new RangeError('a cell has no separator behind it');
}

/** Whether the cell at `at` is null: `\N` at the top level, the byte 0x1d in a nested collection. */
export function isNull(input: CellInput, at: number, nested: boolean): boolean {
  const byte = input.bytes[at];
  return nested ? byte === 0x1d : byte === 0x5c && input.bytes[at + 1] === 0x4e;
}

/** A cell's value as a string, for the few places that need one: positions of pages, keys, raw values. Null for null. */
export function cellText(input: CellInput, start: number, nested: boolean): string | null {
  if (isNull(input, start, nested)) {
    return null;
  }
  return copyText(input.bytes.toString('utf8', start, cellEnd(input, start, nested)), nested);
}

/** Takes the COPY escapes (and those of a nested collection) away. */
export function copyText(text: string, nested: boolean): string {
  const plain = text.includes('\\')
    ? text.replace(/\\(.)/gs, (_, letter: string) => unescaped[letter] ?? letter)
    : text;
  if (!nested || !plain.includes('\u001b')) {
    return plain;
  }
  return plain.replace(/\u001b(.)/gs, (_, letter: string) => String.fromCharCode(letter.charCodeAt(0) - 0x40));
}
