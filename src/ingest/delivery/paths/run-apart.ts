/** How far ahead is looked for work that may run beside what runs. */
const lookAhead = 64;

export interface ApartOptions<Item, Result> {
  /** How much may run at once. */
  readonly parallel: number;
  /** What the work on an item touches; null: nobody knows, so it runs alone. Asked once an item. */
  readonly keysOf: (item: Item) => Promise<ReadonlySet<string> | null>;
  readonly work: (item: Item) => Promise<Result>;
}

/**
 * Runs work on items beside each other where they touch nothing in common, and in their order where they do; gives results as they come. Where
 * one throws, nothing more is begun, and the error is thrown once what runs has ended.
 */
export async function* runApart<Item, Result>(
  items: readonly Item[],
  { parallel, keysOf, work }: ApartOptions<Item, Result>,
): AsyncGenerator<Result, void, undefined> {
  const waiting = items.map((item) => ({ item, keys: memo(async () => (parallel === 1 ? null : keysOf(item))) }));
  const running = new Map<Promise<Done<Result>>, ReadonlySet<string> | null>();
  const begin = async (): Promise<void> => {
    const taken = new Set([...running.values()].flatMap((keys) => [...(keys ?? [])]));
    for (let at = 0; at < Math.min(waiting.length, lookAhead) && running.size < parallel; ) {
      const keys = (await waiting[at]?.keys()) ?? null;
      const mayRun = keys === null ? running.size === 0 && at === 0 : [...keys].every((key) => !taken.has(key));
      if (mayRun && ![...running.values()].includes(null)) {
        const [next] = waiting.splice(at, 1);
        const done = settled(() => work((next as { item: Item }).item)).then(
          (result): Done<Result> => ({ done, result }),
        );
        running.set(done, keys);
      } else {
        at += 1;
      }
      if (keys === null) {
        return;
      }
      for (const key of keys) {
        taken.add(key);
      }
    }
  };
  try {
    for (;;) {
      await begin();
      if (running.size === 0) {
        return;
      }
      const { done, result } = await Promise.race(running.keys());
      running.delete(done);
      if (result.status === 'rejected') {
        throw result.reason;
      }
      yield result.value;
    }
  } finally {
    await Promise.all(running.keys());
  }
}

interface Done<Result> {
  readonly done: Promise<Done<Result>>;
  readonly result: PromiseSettledResult<Result>;
}

async function settled<Result>(work: () => Promise<Result>): Promise<PromiseSettledResult<Result>> {
  const [result] = await Promise.allSettled([work()]);
  return result;
}

function memo<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    answer ??= ask();
    return answer;
  };
}
