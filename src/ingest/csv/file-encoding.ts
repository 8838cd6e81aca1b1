import { isUtf8 } from 'node:buffer';

export type FileEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' | 'iso-8859-1';

/** What the bytes of a whole file say about its encoding. */
export interface EncodingEvidence {
  /** What a byte order mark says; null: there is none. */
  readonly bom: 'utf-8' | 'utf-16le' | 'utf-16be' | null;
  readonly bomBytes: number;
  /** Well-formed UTF-8 sequences of two bytes or more. */
  readonly multiByte: number;
  /** Bytes that no well-formed UTF-8 sequence holds. */
  readonly malformed: number;
}

export interface ChosenEncoding {
  readonly encoding: FileEncoding;
  readonly basis: 'bom' | 'valid' | 'damaged' | 'fallback';
}

/** Reads the mark at the start of a file. */
export function byteOrderMark(head: Uint8Array): Pick<EncodingEvidence, 'bom' | 'bomBytes'> {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { bom: 'utf-8', bomBytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { bom: 'utf-16le', bomBytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { bom: 'utf-16be', bomBytes: 2 };
  return { bom: null, bomBytes: 0 };
}

/**
 * The mark decides; else whole UTF-8; else, where well-formed sequences outnumber the broken bytes, UTF-8 with damaged
 * rows (a text cut in the middle of a character must not turn every emoji of the file into mojibake); else the
 * source's code page.
 */
export function chooseEncoding(evidence: EncodingEvidence, fallback: 'windows-1252' | 'iso-8859-1'): ChosenEncoding {
  if (evidence.bom !== null) return { encoding: evidence.bom, basis: 'bom' };
  if (evidence.malformed === 0) return { encoding: 'utf-8', basis: 'valid' };
  if (evidence.multiByte > evidence.malformed) return { encoding: 'utf-8', basis: 'damaged' };
  return { encoding: fallback, basis: 'fallback' };
}

/** Counts UTF-8 sequences over chunks cut anywhere. */
export class Utf8Census {
  multiByte = 0;
  malformed = 0;
  #carry: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    const bytes = this.#carry.length > 0 ? Buffer.concat([this.#carry, chunk]) : chunk;
    const end = bytes.length - incompleteTail(bytes);
    this.#carry = Buffer.from(bytes.subarray(end));
    this.#count(bytes.subarray(0, end));
  }

  end(): void {
    this.malformed += this.#carry.length;
    this.#carry = Buffer.alloc(0);
  }

  #count(bytes: Buffer): void {
    if (isUtf8(bytes)) {
      // Only a file with damage needs the exact number; one is enough to know that there are some.
      if (this.malformed > 0 || this.multiByte === 0) this.multiByte += leadBytes(bytes);
      else this.multiByte += 1;
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const length = sequenceLength(bytes, at);
      if (length === 0) this.malformed++;
      else if (length > 1) this.multiByte++;
      at += Math.max(length, 1);
    }
  }
}

function leadBytes(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte >= 0xc2) count++;
  return count;
}

/** Bytes of the well-formed sequence at `at`; 0: none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** Bytes at the end that may be the beginning of a sequence. */
function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}
