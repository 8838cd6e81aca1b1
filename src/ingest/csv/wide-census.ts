/** Bytes at the start in which the names of a header stand. */
const headLength = 8;

/**
 * Tells UTF-16 without a byte order mark by its U+0000: in every second byte of ASCII characters, of which the names in a
 * header consist; a one-byte text has none or has them at any place. Pieces may be cut anywhere; what the file is padded with at its end does not count.
 */
export class WideCensus {
  readonly #nuls: [even: number, odd: number] = [0, 0];
  readonly #pending: [even: number, odd: number] = [0, 0];
  #head: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Where the last byte stands that is no U+0000, and the one after it. */
  #solidEnd = 0;

  push(chunk: Buffer): void {
    if (this.#head.length < headLength) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, headLength - this.#head.length)]);
    }
    if (chunk.includes(0)) {
      this.#count(chunk);
    } else if (chunk.length > 0) {
      this.#settle(this.#length + chunk.length);
    }
    this.#length += chunk.length;
  }

  verdict(): 'utf-16le' | 'utf-16be' | null {
    const units = Math.floor(this.#solidEnd / 2);
    if (units < 2) {
      return null;
    }
    if (this.#headSays(1)) {
      return 'utf-16le';
    }
    if (this.#headSays(0)) {
      return 'utf-16be';
    }
    const [even, odd] = this.#nuls;
    // The other place has some, too: in characters like U+1F600, whose last byte is 0.
    if (Math.max(even, odd) < units * 0.3 || Math.min(even, odd) * 4 > Math.max(even, odd)) {
      return null;
    }
    return odd > even ? 'utf-16le' : 'utf-16be';
  }

  #count(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at++) {
      const place = ((this.#length + at) & 1) as 0 | 1;
      if (chunk[at] === 0) {
        this.#pending[place]++;
      } else {
        this.#settle(this.#length + at + 1);
      }
    }
  }

  #settle(solidEnd: number): void {
    this.#nuls[0] += this.#pending[0];
    this.#nuls[1] += this.#pending[1];
    this.#pending[0] = 0;
    this.#pending[1] = 0;
    this.#solidEnd = solidEnd;
  }

  /** Three of the first four characters are ASCII. */
  #headSays(place: 0 | 1): boolean {
    let wide = 0;
    for (let at = 0; at + 1 < this.#head.length; at += 2) {
      const [first = 0, second = 0] = [this.#head[at], this.#head[at + 1]];
      const [high, low] = place === 1 ? [second, first] : [first, second];
      if (high === 0 && low > 0 && low < 0x80) {
        wide++;
      }
    }
    return wide >= 3;
  }
}
