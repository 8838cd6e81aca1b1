import { useCallback, useEffect, useState } from 'preact/hooks';
import { FeedError } from './feed/client.ts';

export type Loaded<T> =
  | { readonly state: 'loading'; readonly before: T | null }
  | { readonly state: 'failed'; readonly error: FeedError }
  | { readonly state: 'there'; readonly data: T };

/** Loads anew whenever `key` changes or somebody asks; what is no longer wanted is broken off. */
export function useLoaded<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
): readonly [loaded: Loaded<T>, again: () => void] {
  const [turn, setTurn] = useState(0);
  const [held, setHeld] = useState<{ readonly of: string; readonly loaded: Loaded<T> } | null>(null);
  const wanted = `${turn} ${key}`;
  useEffect(() => {
    const stopping = new AbortController();
    const settle = (loaded: Loaded<T>): void => {
      if (!stopping.signal.aborted) {
        setHeld({ of: wanted, loaded });
      }
    };
    load(stopping.signal).then(
      (data) => settle({ state: 'there', data }),
      (error: unknown) => settle({ state: 'failed', error: asFeedError(error) }),
    );
    return () => stopping.abort();
  }, [wanted]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  if (held !== null && held.of === wanted) {
    return [held.loaded, again];
  }
  return [{ state: 'loading', before: held?.loaded.state === 'there' ? held.loaded.data : null }, again];
}

export const asFeedError = (error: unknown): FeedError =>
  error instanceof FeedError
    ? error
    : new FeedError(0, { code: 'ConsoleFault', message: String(error), remedy: 'Load the page again.' });
