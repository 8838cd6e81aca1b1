import type { ByteOutput } from '../json/bytes/byte-output.ts';
import type { CellWriter } from '../json/cells/cell-form.ts';
import type { CellInput } from '../json/cells/cell-input.ts';
import { noSeparator } from '../json/cells/cell-text.ts';
import type { CsvFormat } from './csv-format.ts';

const quote = 0x22;
const backslash = 0x5c;
const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const apostrophe = 0x27;

/** What COPY means by the letter behind a backslash; 0: the letter itself. */
const meant = new Uint8Array(256);
meant[0x62] = 0x08; // \b
meant[0x66] = 0x0c; // \f
meant[0x6e] = lineFeed; // \n
meant[0x72] = carriageReturn; // \r
meant[0x74] = tab; // \t
meant[0x76] = 0x0b; // \v

/** `=`, `+`, `-`, `@`: with them begins what spreadsheets run. Tab and carriage return are escaped by COPY. */
const formula = new Set([0x3d, 0x2b, 0x2d, 0x40]);

/**
 * The writer of text, JSON of collections too: bare where it can be, quoted where a separator or a quote is in it or nothing
 * is. It begins bare, since most texts are; the quote in front is put there once one is needed.
 */
export function csvTextCell({ delimiter, guarded }: CsvFormat): CellWriter {
  const stop = delimiter.charCodeAt(0);
  return (input, start, output) => {
    const from = output.position;
    if (guarded && isFormula(input, start)) {
      output.bytes[output.position++] = apostrophe;
    }
    const at = putBare(input, start, output, stop);
    const byte = input.bytes[at] as number;
    if (byte !== tab && byte !== lineFeed) {
      return putQuoted(input, at, output, from);
    }
    if (output.position === from) {
      output.bytes[output.position++] = quote;
      output.bytes[output.position++] = quote;
    }
    return at;
  };
}

function isFormula({ bytes }: CellInput, start: number): boolean {
  const first = bytes[start] as number;
  const letter = bytes[start + 1];
  return formula.has(first) || (first === backslash && (letter === 0x74 || letter === 0x72));
}

/** Writes up to the end of the cell, or to what has to stand in quotes; gives back where that is. */
function putBare(input: CellInput, start: number, output: ByteOutput, stop: number): number {
  let at = start;
  for (;;) {
    at = copyPlain(input, at, output, stop);
    const byte = input.bytes[at] as number;
    if (byte === backslash) {
      const escaped = meaning(input.bytes[at + 1] as number);
      if (escaped === lineFeed || escaped === carriageReturn || escaped === stop) {
        return at;
      }
      output.bytes[output.position++] = escaped;
      at += 2;
    } else if (byte < 0x20 && byte !== tab && byte !== lineFeed) {
      output.bytes[output.position++] = byte;
      at += 1;
    } else {
      return at;
    }
  }
}

/** Goes on at `start` in quotes, the first of which is put at `from`, in front of what was written. */
function putQuoted(input: CellInput, start: number, output: ByteOutput, from: number): number {
  output.bytes.copyWithin(from + 1, from, output.position);
  output.bytes[from] = quote;
  output.position += 1;
  let at = start;
  for (;;) {
    const byte = input.bytes[at] as number;
    if (byte === tab || byte === lineFeed) {
      output.bytes[output.position++] = quote;
      return at;
    }
    if (byte === backslash) {
      output.bytes[output.position++] = meaning(input.bytes[at + 1] as number);
      at += 2;
    } else {
      if (byte === quote) {
        output.bytes[output.position++] = quote;
      }
      output.bytes[output.position++] = byte;
      at += 1;
    }
    at = copyPlain(input, at, output, quote);
  }
}

const meaning = (letter: number): number => ((meant[letter] as number) === 0 ? letter : (meant[letter] as number));

/**
 * Copies bytes up to the first control byte, quote, backslash or `stop`, four at a time as `json/cells/text-cell.ts` does,
 * which has one test fewer to make.
 */
function copyPlain(input: CellInput, start: number, output: ByteOutput, stop: number): number {
  const { bytes, view: source } = input;
  const target = output.view;
  const stops = stop * 0x01010101;
  const lastWord = bytes.length - 4;
  let at = start;
  let to = output.position;
  while (at <= lastWord) {
    const word = source.getInt32(at, true);
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    const others = word ^ stops;
    const special =
      ((word - 0x20202020) & ~word) |
      ((quotes - 0x01010101) & ~quotes) |
      ((backslashes - 0x01010101) & ~backslashes) |
      ((others - 0x01010101) & ~others);
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
    if (!(byte >= 0x20) || byte === quote || byte === backslash || byte === stop) {
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
