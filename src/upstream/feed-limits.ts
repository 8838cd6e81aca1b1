/** How it is asked whether a value is one of a list: with `in`, which came with OData 4.01, or with a chain of `or`. */
export type ListForm = 'in' | 'or';

/** Most members of one list that were taken, and fewest that were refused; null: none was so far. */
export interface ListLength {
  readonly taken: number;
  readonly refused: number | null;
}

/**
 * What a feed has shown that it takes. No document of a feed says these, and services differ by their settings, so that they
 * are found out from what it refuses.
 */
export interface FeedLimits {
  readonly lists: ListForm;
  readonly lengths: Readonly<Record<ListForm, ListLength>>;
  /** Most that `$top` may say; null: nothing was refused. */
  readonly maxTop: number | null;
  /** In characters, the whole URL; null: nothing was refused. */
  readonly maxUrlLength: number | null;
}

/** The limits of one feed, for whoever asks it. */
export interface LearnedLimits {
  known(): FeedLimits;
  learn(limits: FeedLimits): void;
}

/** One value compared with another is what every feed takes. */
export const untried: FeedLimits = {
  lists: 'in',
  lengths: { in: { taken: 1, refused: null }, or: { taken: 1, refused: null } },
  maxTop: null,
  maxUrlLength: null,
};

/** Members that a chain may have before anything is known: feeds limit the nodes of a filter, often to 100. */
const firstChain = 45;
/** What is left between taken and refused, as a part of taken, so that nothing more is tried. */
const nearEnough = 0.15;

/** How many members the next list is asked with: in the middle between what was taken and what was refused. */
export function nextLength({ lengths }: FeedLimits, form: ListForm): number {
  const { taken, refused } = lengths[form];
  if (refused === null) {
    return form === 'in' ? Number.POSITIVE_INFINITY : Math.max(taken, firstChain);
  }
  // Its length need not be the reason: two members tell.
  if (form === 'in' && taken === 1) {
    return 2;
  }
  return refused - taken <= Math.max(1, taken * nearEnough) ? taken : Math.floor((taken + refused) / 2);
}

/** The limits after a list was taken. What the same feed refuses elsewhere stays refused. */
export function listTaken(limits: FeedLimits, form: ListForm, members: number): FeedLimits {
  const { taken, refused } = limits.lengths[form];
  const most = refused === null ? members : Math.min(members, refused - 1);
  return most <= taken ? limits : withLength(limits, form, { taken: most, refused });
}

/** The limits after a list of two members or more was refused. Where no `in` was ever taken, two members are tried, then a chain. */
export function listRefused(limits: FeedLimits, form: ListForm, members: number): FeedLimits {
  const { taken } = limits.lengths[form];
  if (form === 'in' && taken === 1 && members <= 2) {
    return { ...limits, lists: 'or' };
  }
  return withLength(limits, form, { taken: Math.max(1, Math.min(taken, members - 1)), refused: members });
}

const withLength = (limits: FeedLimits, form: ListForm, length: ListLength): FeedLimits => ({
  ...limits,
  lengths: { ...limits.lengths, [form]: length },
});

/** Both together: what one of two requests at the same time has learned is not lost. */
export function limitsOfBoth(one: FeedLimits, other: FeedLimits): FeedLimits {
  const least = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? (a ?? b) : Math.min(a, b);
  const lengthOf = (form: ListForm): ListLength => {
    const [a, b] = [one.lengths[form], other.lengths[form]];
    const refused = least(a.refused, b.refused);
    const taken = Math.max(a.taken, b.taken);
    return { taken: refused === null ? taken : Math.max(1, Math.min(taken, refused - 1)), refused };
  };
  return {
    lists: one.lists === 'or' ? 'or' : other.lists,
    lengths: { in: lengthOf('in'), or: lengthOf('or') },
    maxTop: least(one.maxTop, other.maxTop),
    maxUrlLength: least(one.maxUrlLength, other.maxUrlLength),
  };
}

/** What a feed is known to take, for people. */
export function limitsMessage({ lists, lengths, maxTop, maxUrlLength }: FeedLimits): string {
  const { taken, refused } = lengths[lists];
  const said = [
    lists === 'in' ? 'lists are asked with in' : 'in is refused, lists are asked with or',
    ...(refused === null ? [] : [`${taken} members of a list were taken, ${refused} refused`]),
    ...(maxTop === null ? [] : [`$top goes to ${maxTop}`]),
    ...(maxUrlLength === null ? [] : [`addresses go to ${maxUrlLength} characters`]),
  ];
  return said.join('; ');
}

/** Limits as they were kept; null: it is something else. */
export function limitsIn(kept: unknown): FeedLimits | null {
  if (typeof kept !== 'object' || kept === null) {
    return null;
  }
  const { lists, lengths, maxTop, maxUrlLength } = kept as Partial<FeedLimits>;
  const [ofIn, ofOr] = [lengths?.in, lengths?.or];
  const isForm = lists === 'in' || lists === 'or';
  return isForm && isLength(ofIn) && isLength(ofOr) && isLimit(maxTop) && isLimit(maxUrlLength)
    ? { lists, lengths: { in: ofIn, or: ofOr }, maxTop, maxUrlLength }
    : null;
}

const isLimit = (value: unknown): value is number | null =>
  value === null || (typeof value === 'number' && Number.isInteger(value) && value > 0);

const isLength = (value: Partial<ListLength> | undefined): value is ListLength =>
  value !== undefined && isLimit(value.taken) && value.taken !== null && isLimit(value.refused);
