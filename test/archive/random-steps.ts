import fc from 'fast-check';

export const hour = 3_600_000;
export const day = 24 * hour;
export const overlap = 3 * day;

/** What happens at the feed. Numbers choose among what there is. */
export type Change =
  /** A row that is `skew` milliseconds away from the feed's clock; null: it has no time. */
  | { readonly kind: 'insert'; readonly skew: number | null }
  | { readonly kind: 'update'; readonly choice: number }
  /** The row has another time from now on. */
  | { readonly kind: 'move'; readonly choice: number; readonly skew: number }
  | { readonly kind: 'delete'; readonly choice: number }
  /** The older half, or so, of what has a time. */
  | { readonly kind: 'purge'; readonly share: number }
  /** A row of the set that nothing says the age of; null: it goes. */
  | { readonly kind: 'name'; readonly id: number; readonly name: string | null };

/** What happens there or here. */
export type Step =
  | Change
  | { readonly kind: 'wait'; readonly hours: number }
  /** The feed's clock goes before ours, or after it, from now on, in milliseconds. */
  | { readonly kind: 'drift'; readonly by: number }
  | { readonly kind: 'copy'; readonly whole: boolean }
  /** A copy during which the feed changes: each after so many rows and requests more. */
  | {
      readonly kind: 'changing';
      readonly whole: boolean;
      readonly changes: readonly { readonly after: number; readonly change: Change }[];
    }
  /** A copy that ends after so many rows and requests. */
  | { readonly kind: 'killed'; readonly after: number; readonly whole: boolean }
  | { readonly kind: 'restart' }
  | { readonly kind: 'read' };

/** Together with the drift of the clock within what each copy looks at again. */
const skew = fc.integer({ min: -overlap + hour + day, max: day });
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('insert' as const), skew: fc.option(skew, { freq: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('update' as const), choice: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), choice: fc.nat(1000), skew }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), choice: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const), share: fc.integer({ min: 10, max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('name' as const),
      id: fc.nat(5),
      name: fc.option(fc.constantFrom('Ann', 'Ben', 'Cleo'), { freq: 3 }),
    }),
  },
);
const after = fc.integer({ min: 1, max: 30 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 15, arbitrary: change },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drift' as const), by: fc.integer({ min: -day, max: day }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), whole: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('changing' as const),
      whole: fc.boolean(),
      changes: fc.array(fc.record({ after, change }), { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('killed' as const),
      after,
      whole: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
);

export const histories = (most: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: 8, maxLength: most });
