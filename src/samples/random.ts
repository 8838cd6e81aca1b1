/**
 * Stateless pseudo-random numbers: the same parts give the same number, whatever was asked before, so that a cell does
 * not depend on the order in which files are written. FNV-1a over the parts, finished with murmur3's mixer.
 */
export function randomNumber(seed: number, ...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5 ^ seed;
  for (const part of parts) {
    const text = typeof part === 'number' ? `#${part}` : part;
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
    hash = Math.imul(hash ^ 0x1f, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 0x1_0000_0000;
}

/** A whole number from 0 up to but not including `bound`. */
export function randomIndex(bound: number, seed: number, ...parts: readonly (string | number)[]): number {
  return Math.floor(randomNumber(seed, ...parts) * bound);
}

/** One of `items`; the items must not be empty. */
export function pick<T>(items: readonly T[], seed: number, ...parts: readonly (string | number)[]): T {
  const item = items[randomIndex(items.length, seed, ...parts)];
  if (item === undefined) {
    throw new RangeError('pick needs at least one item');
  }
  return item;
}
