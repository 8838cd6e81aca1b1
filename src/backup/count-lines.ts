const lineFeed = 0x0a;

/** Counts the rows of COPY text on their way: a line feed inside a value is written as `\n`, so each one ends a row. */
export class LineCount {
  #lines = 0;

  get lines(): number {
    return this.#lines;
  }

  async *of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) {
        this.#lines += 1;
      }
      yield chunk;
    }
  }
}
