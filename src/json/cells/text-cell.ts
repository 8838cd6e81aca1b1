import type { ByteOutput } from '../bytes/byte-output.ts';
import type { CellInput } from './cell-input.ts';
import { noSeparator } from './cell-text.ts';

/** What COPY writes after a backslash, and what JSON writes for the same character. 0: the escaped byte itself. */
const jsonEscape = new Uint8Array(256);
jsonEscape[0x62] = 0x62; // \b
jsonEscape[0x66] = 0x66; // \f
jsonEscape[0x6e] = 0x6e; // \n
jsonEscape[0x72] = 0x72; // \r
jsonEscape[0x74] = 0x74; // \t
jsonEscape[0x5c] = 0x5c; // \\

const hexDigits = Buffer.from('0123456789abcdef', 'latin1');
const nestedEscape = 0x1b;

/** Writes the content of a top-level text cell as the inside of a JSON string; gives back where its separator stands. */
export function writeText(input: CellInput, start: number, output: ByteOutput): number {
  let at = start;
  for (;;) {
    at = copyPlain(input, at, output);
    const byte = input.bytes[at] as number;
    if (byte === 0x09 || byte === 0x0a) {
      return at;
    }
    at = writeSpecial(input, at, output);
  }
}

/** The same inside a nested collection, where 0x1b escapes control bytes and every other control byte is a separator. */
export function writeNestedText(input: CellInput, start: number, output: ByteOutput): number {
  let at = start;
  for (;;) {
    at = copyPlain(input, at, output);
    const byte = input.bytes[at] as number;
    if (byte === nestedEscape) {
      const escaped = input.bytes[at + 1] as number;
      writeControl(escaped - 0x40, output);
      at += escaped === 0x5c ? 3 : 2; // COPY doubled the backslash that stands for 0x1c
    } else if (byte < 0x20) {
      return at;
    } else {
      at = writeSpecial(input, at, output);
    }
  }
}

/**
 * Copies bytes up to the first one that is a control byte, a quote or a backslash. Four bytes at a time: the three
 * classic zero-in-word tests are exact about whether there is one, and the byte loop finds which.
 */
function copyPlain(input: CellInput, start: number, output: ByteOutput): number {
  const bytes = input.bytes;
  const source = input.view;
  const target = output.view;
  const lastWord = bytes.length - 4;
  let at = start;
  let to = output.position;
  while (at <= lastWord) {
    const word = source.getInt32(at, true);
    const quote = word ^ 0x22222222;
    const backslash = word ^ 0x5c5c5c5c;
    const special =
      ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash);
    if ((special & 0x80808080) !== 0) {
      break;
    }
    target.setInt32(to, word, true);
    at += 4;
    to += 4;
  }
  const written = output.bytes;
  for (;;) {
    const byte = bytes[at] as number;
    if (!(byte >= 0x20) || byte === 0x22 || byte === 0x5c) {
      break; // undefined stands behind the last byte
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

/** One quote, COPY escape or control byte at `at`; gives back where to go on. */
function writeSpecial(input: CellInput, at: number, output: ByteOutput): number {
  const byte = input.bytes[at] as number;
  if (byte < 0x20) {
    writeControl(byte, output);
    return at + 1;
  }
  const written = output.bytes;
  if (byte === 0x22) {
    written[output.position++] = 0x5c;
    written[output.position++] = 0x22;
    return at + 1;
  }
  const escaped = input.bytes[at + 1] as number;
  if (escaped === 0x76) {
    writeControl(0x0b, output); // JSON has no \v
    return at + 2;
  }
  written[output.position++] = 0x5c;
  written[output.position++] = (jsonEscape[escaped] as number) === 0 ? escaped : (jsonEscape[escaped] as number);
  return at + 2;
}

/** `\u00XX`. */
function writeControl(byte: number, output: ByteOutput): void {
  const written = output.bytes;
  let to = output.position;
  written[to++] = 0x5c;
  written[to++] = 0x75;
  written[to++] = 0x30;
  written[to++] = 0x30;
  written[to++] = hexDigits[byte >> 4] as number;
  written[to++] = hexDigits[byte & 15] as number;
  output.position = to;
}
