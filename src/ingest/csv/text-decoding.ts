import { isUtf8 } from 'node:buffer';
import type { FileEncoding } from './file-encoding.ts';

/**
 * Turns file bytes into the units the tokenizer works on. One-byte encodings and UTF-8 are read as latin1, where a
 * character is a byte, so that byte ranges are exact and text is decoded only where it is not ASCII.
 */
export interface UnitReader {
  readonly unitBytes: 1 | 2;
  read(chunk: Buffer): string;
  end(): string;
}

export function unitReader(encoding: FileEncoding): UnitReader {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') {
    return new Utf16Reader(encoding === 'utf-16be');
  }
  return { unitBytes: 1, read: (chunk) => chunk.toString('latin1'), end: () => '' };
}

class Utf16Reader implements UnitReader {
  readonly unitBytes = 2;
  readonly #swap: boolean;
  #carry: Buffer = Buffer.alloc(0);

  constructor(swap: boolean) {
    this.#swap = swap;
  }

  read(chunk: Buffer): string {
    const bytes = Buffer.concat([this.#carry, chunk]);
    const even = bytes.length - (bytes.length % 2);
    this.#carry = bytes.subarray(even);
    const whole = bytes.subarray(0, even);
    return (this.#swap ? whole.swap16() : whole).toString('utf16le');
  }

  /** Half a character at the end is none: a surrogate alone, which no decoder lets pass. */
  end(): string {
    return this.#carry.length > 0 ? '\ud800' : '';
  }
}

const loneSurrogate = /\p{Surrogate}/u;
const notAscii = /[^\x00-\x7f]/;

/**
 * 0x80 to 0x9f in windows-1252; elsewhere it is latin1. Five bytes have no character. (Node 20's TextDecoder reads
 * windows-1252 as latin1: a euro sign becomes a control character.)
 */
export const windows1252 = '€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ';
const notLatin1 = /[\x80-\x9f]/g;

function fromWindows1252(units: string): string {
  return units.replace(notLatin1, (unit) => windows1252.charAt(unit.charCodeAt(0) - 0x80));
}

/** From tokenizer units to text; null: the bytes are not valid in the encoding. */
export type UnitDecoder = (units: string) => string | null;

/** ASCII passes through untouched, at the price of one scan. */
export function unitDecoder(encoding: FileEncoding): UnitDecoder {
  switch (encoding) {
    case 'utf-16le':
    case 'utf-16be':
      return (units) => (loneSurrogate.test(units) ? null : units);
    case 'utf-8':
      return (units) => {
        if (!notAscii.test(units)) {
          return units;
        }
        const bytes = Buffer.from(units, 'latin1');
        return isUtf8(bytes) ? bytes.toString('utf8') : null;
      };
    case 'iso-8859-1':
      return (units) => units;
    case 'windows-1252':
      return (units) => {
        if (!notAscii.test(units)) {
          return units;
        }
        const text = fromWindows1252(units);
        return text.includes('\ufffd') ? null : text;
      };
  }
}

/** For raw text that must be shown although its bytes are broken: U+FFFD stands for what they are not. */
export function decodeLossy(units: string, encoding: FileEncoding): string {
  switch (encoding) {
    case 'utf-16le':
    case 'utf-16be':
      return units.replace(/\p{Surrogate}/gu, '\ufffd');
    case 'windows-1252':
      return fromWindows1252(units);
    case 'iso-8859-1':
      return units;
    case 'utf-8':
      return Buffer.from(units, 'latin1').toString('utf8');
  }
}
