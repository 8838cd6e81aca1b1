import type { RowBatch } from '../database.ts';

/** Bytes 'd' and 'Z' of the PostgreSQL frontend/backend protocol 3.0, "Message Formats". */
const copyData = 0x64;
const readyForQuery = 0x5a;
const headerLength = 5;
const lineFeed = 0x0a;

/** Enough for several reads of a socket; a longer row makes it grow for as long as it needs. */
const usualCapacity = 512 * 1024;

/** Rows that there are places for at first, and for whose places the memory is kept. */
const [fewRows, mostKeptRows] = [1024, 8 * 1024];

/** What the rows of one statement lie in. */
interface Memory {
  readonly buffer: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Memory of statements that are over: most replies are small, and new memory for each would keep the collector busy. */
const spare: Memory[] = [];
/** As many as connections that read for requests, usually. */
const mostSpare = 16;

const newMemory = (): Memory => ({
  buffer: Buffer.allocUnsafeSlow(usualCapacity),
  starts: new Int32Array(fewRows),
  ends: new Int32Array(fewRows),
});

/** Of a statement that has not answered yet, or whose memory was given back. */
const none: Memory = { buffer: Buffer.alloc(0), starts: new Int32Array(0), ends: new Int32Array(0) };

/** Takes the bytes of one message that is not CopyData, type byte included. Only valid during the call. */
export type OtherMessage = (type: number, message: Buffer) => void;

/**
 * Cuts the bytes of a COPY out of the wire into rows, in place: no event, object or string for each row. Chunks are
 * joined in one buffer, so that a row that began in one chunk and ends in another lies in one piece. The server sends
 * each row as one CopyData message that ends with a line feed.
 */
export class CopyFrames {
  #buffer = none.buffer;
  #filled = 0;
  /** Where the first message that is not complete yet begins. */
  #parsed = 0;
  #starts = none.starts;
  #ends = none.ends;
  #count = 0;
  #finished = false;
  readonly #other: OtherMessage;

  constructor(other: OtherMessage) {
    this.#other = other;
  }

  /** True once ReadyForQuery was seen: the server has nothing more to say. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Complete rows not taken yet. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the complete rows not taken yet, with their message headers. */
  get size(): number {
    return this.#count === 0 ? 0 : this.#parsed;
  }

  append(chunk: Buffer): void {
    this.#reserve(chunk.length);
    chunk.copy(this.#buffer, this.#filled);
    this.#filled += chunk.length;
    this.#parse();
  }

  /** The rows so far. They stay in place until `release`. */
  take(): RowBatch {
    return { buffer: this.#buffer, starts: this.#starts, ends: this.#ends, count: this.#count };
  }

  /** Forgets the rows taken and moves the beginning of the next one to the front. */
  release(): void {
    const rest = this.#filled - this.#parsed;
    if (this.#buffer.length > usualCapacity && rest < usualCapacity) {
      const usual = Buffer.allocUnsafeSlow(usualCapacity);
      this.#buffer.copy(usual, 0, this.#parsed, this.#filled);
      this.#buffer = usual;
    } else if (this.#parsed > 0) {
      this.#buffer.copyWithin(0, this.#parsed, this.#filled);
    }
    this.#filled = rest;
    this.#parsed = 0;
    this.#count = 0;
  }

  /** Gives the memory back. Call once when nobody looks at the rows any more; nothing may follow. */
  dispose(): void {
    const [buffer, starts, ends] = [this.#buffer, this.#starts, this.#ends];
    if (buffer.length === usualCapacity && starts.length <= mostKeptRows && spare.length < mostSpare) {
      spare.push({ buffer, starts, ends });
    }
    this.#use(none);
    this.#count = 0;
  }

  #use({ buffer, starts, ends }: Memory): void {
    this.#buffer = buffer;
    this.#starts = starts;
    this.#ends = ends;
  }

  #reserve(more: number): void {
    if (this.#buffer === none.buffer) {
      // Most of the time of a statement nothing of its answer is there yet.
      this.#use(spare.pop() ?? newMemory());
    }
    const needed = this.#filled + more;
    if (needed <= this.#buffer.length) {
      return;
    }
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#filled);
    this.#buffer = larger;
  }

  #parse(): void {
    const buffer = this.#buffer;
    const filled = this.#filled;
    let at = this.#parsed;
    while (filled - at >= headerLength) {
      const type = buffer[at] ?? 0;
      const end = at + 1 + buffer.readInt32BE(at + 1);
      if (end > filled) {
        break;
      }
      if (type === copyData) {
        this.#row(at + headerLength, end);
      } else {
        this.#message(type, buffer.subarray(at, end));
      }
      at = end;
    }
    this.#parsed = at;
  }

  #row(start: number, end: number): void {
    if (this.#count === this.#starts.length) {
      this.#moreRows();
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = this.#buffer[end - 1] === lineFeed ? end - 1 : end;
    this.#count += 1;
  }

  #message(type: number, message: Buffer): void {
    if (type === readyForQuery) {
      this.#finished = true;
    }
    this.#other(type, message);
  }

  #moreRows(): void {
    const starts = new Int32Array(this.#starts.length * 2);
    const ends = new Int32Array(this.#ends.length * 2);
    starts.set(this.#starts);
    ends.set(this.#ends);
    this.#starts = starts;
    this.#ends = ends;
  }
}
