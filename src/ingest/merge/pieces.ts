/** Chunks of bytes, several at a time: `first` bytes or more, then `next` or more. */
export async function* pieces(
  chunks: AsyncIterable<Uint8Array>,
  first: number,
  next: number,
): AsyncGenerator<readonly Uint8Array[]> {
  let piece: Uint8Array[] = [];
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

/** The same items; each is asked for while the one before is worked on. */
export async function* oneAhead<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  const ask = (): Promise<IteratorResult<Item>> => {
    const asked = iterator.next();
    // Whoever works on the item before may throw first; then nobody waits for this one.
    asked.catch(() => undefined);
    return asked;
  };
  let coming = ask();
  try {
    for (let result = await coming; result.done !== true; result = await coming) {
      coming = ask();
      yield result.value;
    }
  } finally {
    await coming.catch(() => undefined);
    await iterator.return?.();
  }
}

/** One item after another, to those who want to wait for each. */
export async function* eachOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
