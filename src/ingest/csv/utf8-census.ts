import { isAscii, isUtf8 } from 'node:buffer';

/** Tells whether a text that arrives in pieces cut anywhere is UTF-8 throughout. */
export class Utf8Check {
  whole = true;
  #carry: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    if (!this.whole) {
      return;
    }
    const bytes = this.#carry.length > 0 ? Buffer.concat([this.#carry, chunk]) : chunk;
    const end = bytes.length - incompleteTail(bytes);
    this.#carry = Buffer.from(bytes.subarray(end));
    this.whole = isUtf8(bytes.subarray(0, end));
  }

  end(): void {
    if (this.#carry.length > 0) {
      this.whole = false;
    }
  }
}

/**
 * Counts what speaks for UTF-8 and against it, over all bytes of a text that arrives in pieces cut anywhere: the counts
 * are those of the whole text. A broken place is one cut character, one byte that begins none, or up to three bytes that
 * would continue one whose beginning is gone (as decoders that put U+FFFD in their place count them).
 */
export class Utf8Census {
  multiByte = 0;
  malformed = 0;
  #carry: Buffer = Buffer.alloc(0);
  /** Bytes that continue nothing, in a row, up to the current place. */
  #orphans = 0;

  push(chunk: Buffer): void {
    if (this.#carry.length === 0 && isAscii(chunk)) {
      if (chunk.length > 0) {
        this.#orphans = 0;
      }
      return;
    }
    const bytes = this.#carry.length > 0 ? Buffer.concat([this.#carry, chunk]) : chunk;
    const end = bytes.length - incompleteTail(bytes);
    this.#carry = Buffer.from(bytes.subarray(end));
    this.#count(bytes.subarray(0, end));
  }

  end(): void {
    this.#count(this.#carry);
    this.#carry = Buffer.alloc(0);
  }

  #count(bytes: Buffer): void {
    if (bytes.length === 0) {
      return;
    }
    if (isUtf8(bytes)) {
      this.#orphans = 0;
      this.multiByte += tellingSequences(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const byte = bytes[at] ?? 0;
      if (byte >= 0x80 && byte < 0xc0) {
        if (this.#orphans++ % 3 === 0) {
          this.malformed++;
        }
        at++;
        continue;
      }
      this.#orphans = 0;
      if (byte < 0x80) {
        at++;
      } else {
        at += this.#character(bytes, at);
      }
    }
  }

  /** Counts the whole or cut character at `at`, which is no ASCII; its bytes. */
  #character(bytes: Buffer, at: number): number {
    if (isHalf(bytes, at, 0xa0) && isHalf(bytes, at + 3, 0xb0)) {
      this.multiByte++;
      return 6;
    }
    const length = sequenceBytes(bytes, at);
    if (length === expectedBytes(bytes[at] ?? 0)) {
      if (isTelling(bytes, at, length)) {
        this.multiByte++;
      }
      return length;
    }
    if (isCutCharacter(bytes, at, length)) {
      this.multiByte++;
    } else {
      this.malformed++;
    }
    return length;
  }
}

/** Bytes that a sequence with this first byte has; 0: none begins with it. */
function expectedBytes(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) {
    return 0;
  }
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

/** Bytes from `at` on that stand as in a well-formed sequence, at least 1 (Unicode, table 3-7). */
function sequenceBytes(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  const expected = expectedBytes(lead);
  let count = 1;
  for (; count < expected; count++) {
    const byte = bytes[at + count] ?? 0;
    const low = count > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = count > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (byte < low || byte > high) {
      break;
    }
  }
  return count;
}

/** Three bytes of four, or the first two of an emoji: no code page's text has such. They speak for UTF-8 and of damage. */
function isCutCharacter(bytes: Buffer, at: number, length: number): boolean {
  const lead = bytes[at] ?? 0;
  return expectedBytes(lead) === 4 && (length === 3 || (lead === 0xf0 && bytes[at + 1] === 0x9f));
}

/**
 * Half of a pair of UTF-16 as three bytes, the first half from 0xa0 on, the second from 0xb0. A pair of them is how some databases
 * write an emoji (CESU-8): no UTF-8, but no code page's text has one either. A half alone may be `í` before a no-break space and `»`.
 */
function isHalf(bytes: Buffer, at: number, from: 0xa0 | 0xb0): boolean {
  const [second = 0, third = 0] = [bytes[at + 1], bytes[at + 2]];
  return bytes[at] === 0xed && second >= from && second < from + 16 && third >= 0x80 && third < 0xc0;
}

/** The euro sign, quotes, dashes, dots, no-break space and guillemets of windows-1252. */
const punctuationBytes = new Set([
  0x80, 0x82, 0x84, 0x85, 0x8b, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x9b, 0xa0, 0xab, 0xbb,
]);
/** É, Ö, Ü and ß there: letters that a word may end with before punctuation. */
const lastLetters = new Set([0xc9, 0xd6, 0xdc, 0xdf]);

/**
 * Whether a well-formed sequence says that the text is UTF-8. A letter followed by punctuation in windows-1252 may be one
 * by chance: `é` with a no-break space and `»`, `ß` with a closing quote.
 */
function isTelling(bytes: Buffer, at: number, length: number): boolean {
  const lead = bytes[at] ?? 0;
  if (length === 4) {
    return true;
  }
  if (!punctuationBytes.has(bytes[at + 1] ?? 0)) {
    return true;
  }
  if (length === 2) {
    return !lastLetters.has(lead);
  }
  return lead === 0xe2 || !punctuationBytes.has(bytes[at + 2] ?? 0);
}

/** In well-formed bytes. */
function tellingSequences(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at] ?? 0;
    if (lead >= 0xc2 && isTelling(bytes, at, expectedBytes(lead))) {
      count++;
    }
  }
  return count;
}

/** Bytes at the end that may be the beginning of a sequence, or of a pair of halves. */
function incompleteTail(bytes: Buffer): number {
  const tail = incompleteCharacter(bytes);
  const before = bytes.length - tail - 3;
  const goesOn = tail === 0 || bytes[bytes.length - tail] === 0xed;
  return goesOn && before >= 0 && isHalf(bytes, before, 0xa0) ? tail + 3 : tail;
}

function incompleteCharacter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) {
      return expectedBytes(byte) > back ? back : 0;
    }
    if (byte < 0x80) {
      return 0;
    }
  }
  return 0;
}
