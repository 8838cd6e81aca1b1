/** Chunks of bytes or of lines, several at a time: `first` bytes or more, then `next` or more. */
export async function* pieces<Chunk extends { readonly length: number }>(
  chunks: AsyncIterable<Chunk>,
  first: number,
  next: number,
): AsyncGenerator<readonly Chunk[]> {
  let piece: Chunk[] = [];
  let bytes = 0;
  let wanted = first;
  for await (const chunk of chunks) {
    piece.push(chunk);
    bytes += chunk.length;
    if (bytes >= wanted) {
      yield piece;
      piece = [];
      bytes = 0;
      wanted = next;
    }
  }
  if (piece.length > 0) {
    yield piece;
  }
}

/** The same items; `count` more of them are asked for while one is worked on. */
export async function* ahead<Item>(items: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  const coming: Promise<IteratorResult<Item>>[] = [];
  const ask = (): void => {
    const asked = iterator.next();
    // Whoever works on the item before may throw first; then nobody waits for this one.
    asked.catch(() => undefined);
    coming.push(asked);
  };
  for (let index = 0; index < count; index++) {
    ask();
  }
  try {
    for (let result = await coming.shift(); result?.done === false; result = await coming.shift()) {
      ask();
      yield result.value;
    }
  } finally {
    await Promise.allSettled(coming);
    await iterator.return?.();
  }
}

/** One item after another, to those who want to wait for each. */
export async function* eachOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
