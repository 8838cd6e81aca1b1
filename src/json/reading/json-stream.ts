import { broken } from './json-scan.ts';

/** What one chunk of a reply completed: a row of `value`, or a member beside it, both as raw UTF-8 JSON. */
export type EnvelopePart =
  | { readonly kind: 'member'; readonly name: string; readonly raw: Buffer }
  /** `value` begins; every member seen so far stands before the rows. */
  | { readonly kind: 'rows' }
  | { readonly kind: 'row'; readonly raw: Buffer };

/** Takes whole rows out of the bytes of a reply, so that they are not cut out. */
export interface RowLane {
  /** Takes the row that begins at `start` and gives its end; -1: it does not end in these bytes, or is not taken. */
  take(bytes: Buffer, start: number): number;
}

/** Longest row or member that is buffered, in bytes. */
const longestPart = 64 * 1024 * 1024;

type State = 'start' | 'name-or-end' | 'name' | 'colon' | 'value' | 'next' | 'row-or-end' | 'row' | 'row-next' | 'done';

const space = new Set([0x20, 0x09, 0x0a, 0x0d]);
const byteOrderMark = new Set([0xef, 0xbb, 0xbf]);
const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Cuts the JSON object of a collection reply into its members and the elements of its `value` array, chunk by chunk; only
 * one row is held at a time. The parts themselves are checked by who reads them (`json-scan.ts`).
 */
export class EnvelopeReader {
  #state: State = 'start';
  /** Member whose value is being read. */
  #name = '';
  /** A value or a name is being read, from its first byte to its last. */
  #inPart = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #scalar = false;
  #kept: Buffer[] = [];
  #keptLength = 0;
  /** What it takes is no part. */
  lane: RowLane | null = null;

  /** The parts that end in this chunk. Throws GatewayError UpstreamRefused when the text is no such object. */
  *push(chunk: Buffer): Generator<EnvelopePart> {
    let at = 0;
    while (at < chunk.length) {
      const byte = chunk[at] as number;
      if (this.#inPart) {
        const end = this.#scan(chunk, at);
        const part = chunk.subarray(at, end.at);
        // What comes in two chunks is kept beyond the first of them.
        this.#keep(end.complete ? part : Buffer.from(part));
        at = end.at;
        if (end.complete) {
          yield* this.#complete();
        }
        continue;
      }
      at++;
      if (space.has(byte) || (this.#state === 'start' && byteOrderMark.has(byte))) {
        continue;
      }
      const taken = byte === openBrace && this.#awaitsRow ? (this.lane?.take(chunk, at - 1) ?? -1) : -1;
      if (taken >= 0) {
        at = taken;
        this.#state = 'row-next';
      } else if (this.#step(byte)) {
        at--;
      } else if (this.#state === 'row-or-end' && byte === openBracket) {
        yield { kind: 'rows' };
      }
    }
  }

  /** To be called after the last chunk: a reply cut short must not pass for a complete one. */
  end(): void {
    if (this.#state !== 'done') {
      throw broken('it ends in the middle');
    }
  }

  get #awaitsRow(): boolean {
    return this.#state === 'row' || this.#state === 'row-or-end';
  }

  /** Handles one structural byte; true when it begins a value, which is then scanned from that byte on. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'start':
        return this.#expect(byte === openBrace, 'name-or-end');
      case 'name-or-end':
        if (byte === closeBrace) {
          return this.#expect(true, 'done');
        }
        return this.#begin(byte, byte === quote);
      case 'name':
        return this.#begin(byte, byte === quote);
      case 'colon':
        return this.#expect(byte === colon, 'value');
      case 'value':
        if (this.#name === 'value' && byte === openBracket) {
          return this.#expect(true, 'row-or-end');
        }
        return this.#begin(byte, true);
      case 'next':
        if (byte === closeBrace) {
          return this.#expect(true, 'done');
        }
        return this.#expect(byte === comma, 'name');
      case 'row-or-end':
        if (byte === closeBracket) {
          return this.#expect(true, 'next');
        }
        return this.#begin(byte, byte === openBrace);
      case 'row':
        return this.#begin(byte, byte === openBrace);
      case 'row-next':
        if (byte === closeBracket) {
          return this.#expect(true, 'next');
        }
        return this.#expect(byte === comma, 'row');
      case 'done':
        throw broken('text follows its end');
    }
  }

  #expect(right: boolean, next: State): false {
    if (!right) {
      throw broken('a structural character is missing');
    }
    this.#state = next;
    return false;
  }

  #begin(byte: number, right: boolean): true {
    if (!right) {
      throw broken('it is not an object with an array named value');
    }
    this.#inPart = true;
    this.#scalar = byte !== quote && byte !== openBrace && byte !== openBracket;
    return true;
  }

  /** Goes on in the value that began; tells where it ends in this chunk. */
  #scan(chunk: Buffer, start: number): { at: number; complete: boolean } {
    let at = start;
    if (this.#scalar) {
      while (at < chunk.length && !isDelimiter(chunk[at] as number)) {
        at++;
      }
      return { at, complete: at < chunk.length };
    }
    for (; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) {
        if (this.#escaped) {
          this.#escaped = false;
        } else if (byte === backslash) {
          this.#escaped = true;
        } else if (byte === quote) {
          this.#inString = false;
        } else {
          continue;
        }
        if (this.#inString || this.#depth > 0) {
          continue;
        }
        return { at: at + 1, complete: true };
      }
      if (byte === quote) {
        this.#inString = true;
      } else if (byte === openBrace || byte === openBracket) {
        this.#depth++;
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth--;
        if (this.#depth === 0) {
          return { at: at + 1, complete: true };
        }
      }
    }
    return { at, complete: false };
  }

  #keep(bytes: Buffer): void {
    this.#keptLength += bytes.length;
    if (this.#keptLength > longestPart) {
      throw broken(`a row is longer than ${longestPart} bytes`);
    }
    this.#kept.push(bytes);
  }

  *#complete(): Generator<EnvelopePart> {
    const raw = this.#kept.length === 1 ? (this.#kept[0] as Buffer) : Buffer.concat(this.#kept);
    this.#kept = [];
    this.#keptLength = 0;
    this.#inPart = false;
    switch (this.#state) {
      case 'name-or-end':
      case 'name':
        this.#name = nameOf(raw);
        this.#state = 'colon';
        return;
      case 'value':
        this.#state = 'next';
        yield { kind: 'member', name: this.#name, raw: Buffer.from(raw) };
        return;
      default:
        this.#state = 'row-next';
        yield { kind: 'row', raw };
    }
  }
}

function isDelimiter(byte: number): boolean {
  return byte === comma || byte === closeBrace || byte === closeBracket || space.has(byte);
}

function nameOf(raw: Buffer): string {
  try {
    return JSON.parse(raw.toString('utf8')) as string;
  } catch {
    throw broken('a member has no proper name');
  }
}
