export type FileEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252' | 'iso-8859-1';

/** What the bytes of a whole file say about its encoding. */
export interface EncodingEvidence {
  /** What a byte order mark says; null: there is none. */
  readonly bom: 'utf-8' | 'utf-16le' | 'utf-16be' | null;
  readonly bomBytes: number;
  /** What U+0000 in every second byte says where there is no mark; null: it says nothing. */
  readonly wide: 'utf-16le' | 'utf-16be' | null;
  /** All bytes are UTF-8. */
  readonly whole: boolean;
  /**
   * Where they are not: well-formed sequences of two bytes or more that no one-byte text has by chance, and cut ones that
   * it does not have either.
   */
  readonly multiByte: number;
  /** Places where the bytes are no UTF-8; see `Utf8Census`. */
  readonly malformed: number;
}

export interface ChosenEncoding {
  readonly encoding: FileEncoding;
  readonly basis: 'bom' | 'wide' | 'valid' | 'damaged' | 'fallback';
}

/** Reads the mark at the start of a file. */
export function byteOrderMark(head: Uint8Array): Pick<EncodingEvidence, 'bom' | 'bomBytes'> {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) {
    return { bom: 'utf-8', bomBytes: 3 };
  }
  if (head[0] === 0xff && head[1] === 0xfe) {
    return { bom: 'utf-16le', bomBytes: 2 };
  }
  if (head[0] === 0xfe && head[1] === 0xff) {
    return { bom: 'utf-16be', bomBytes: 2 };
  }
  return { bom: null, bomBytes: 0 };
}

/**
 * The mark decides; else U+0000 in every second byte; else whole UTF-8; else, where the well-formed sequences are no fewer
 * than the broken places, UTF-8 with damaged rows (a text cut in the middle of a character must not turn every emoji of
 * the file into mojibake, and a damaged row is told where mojibake is not); else the source's code page.
 */
export function chooseEncoding(evidence: EncodingEvidence, fallback: 'windows-1252' | 'iso-8859-1'): ChosenEncoding {
  if (evidence.bom !== null) {
    return { encoding: evidence.bom, basis: 'bom' };
  }
  if (evidence.wide !== null) {
    return { encoding: evidence.wide, basis: 'wide' };
  }
  if (evidence.whole) {
    return { encoding: 'utf-8', basis: 'valid' };
  }
  if (evidence.multiByte > 0 && evidence.multiByte >= evidence.malformed) {
    return { encoding: 'utf-8', basis: 'damaged' };
  }
  return { encoding: fallback, basis: 'fallback' };
}

/** Bytes of one code unit. */
export const unitBytesOf = (encoding: FileEncoding): 1 | 2 => (encoding.startsWith('utf-16') ? 2 : 1);
