import fc from 'fast-check';

/** Choices of a property test, made one after the other. */
export interface Picker {
  of<T>(list: readonly T[]): T;
  /** Whole numbers from 0 to `most`. */
  upTo(most: number): number;
  chance(probability: number): boolean;
  /** Each with this probability; one at least. */
  subset<T>(list: readonly T[], probability: number): readonly T[];
  /** One or two. */
  some<T>(list: readonly T[]): readonly T[];
}

/** All that comes of a number, each choice as likely as the next: fast-check's own numbers prefer the ends, so that most requests would be the first one. */
export const picked = <T>(make: (pick: Picker) => T): fc.Arbitrary<T> =>
  fc.noBias(fc.nat({ max: 0x7fffffff })).map((seed) => make(pickerOf(seed)));

function pickerOf(seed: number): Picker {
  const random = numbersFrom(seed);
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  const of = <T>(list: readonly T[]): T => {
    const found = list[upTo(list.length - 1)];
    if (found === undefined) {
      throw new RangeError('There is nothing to choose from');
    }
    return found;
  };
  const chance = (probability: number): boolean => upTo(999) >= 1000 - probability * 1000;
  return {
    of,
    upTo,
    chance,
    subset: (list, probability) => {
      const found = list.filter(() => chance(probability));
      return found.length === 0 ? [of(list)] : found;
    },
    some: (list) => [...new Set([of(list), ...(chance(0.4) ? [of(list)] : [])])],
  };
}

/** Numbers from 0 to below 1 (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
