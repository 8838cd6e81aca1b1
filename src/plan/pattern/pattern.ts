import type { CodePoints } from './code-points.ts';

/**
 * A regular expression as a tree. Only what decides whether a text matches: groups without capture, quantifiers without
 * greed, since neither changes the answer where there are no backreferences.
 */
export type Pattern =
  /** One character of the set; an empty set matches nothing. */
  | { readonly kind: 'Character'; readonly set: CodePoints }
  /** `^` and `$`: of the whole text, never of a line. `\b` and `\B` look at `\w` on both sides. */
  | { readonly kind: 'Start' | 'End' | 'Boundary' | 'NoBoundary' }
  | { readonly kind: 'Sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'Choice'; readonly branches: readonly Pattern[] }
  /** `most` null: without limit. */
  | { readonly kind: 'Repeat'; readonly item: Pattern; readonly least: number; readonly most: number | null };

/** Why a pattern is not taken: `InvalidOption` where it is no regular expression, `NotImplemented` where it is beyond ours. */
export class PatternFault extends Error {
  readonly code: 'InvalidOption' | 'NotImplemented';

  constructor(code: 'InvalidOption' | 'NotImplemented', message: string) {
    super(message);
    this.code = code;
  }
}

/** What the database has to build for a pattern. */
export interface PatternCost {
  /** Characters and assertions, each counted as often as bounded quantifiers repeat it. */
  readonly size: number;
  /** Parts among them that may match nothing; building time grows with their cube. */
  readonly optional: number;
}

/** Copies of a part that the database makes: `{n,m}` is written out `m` times. */
const copies = (least: number, most: number | null): number => Math.max(1, most ?? least);

export function costOf(pattern: Pattern): PatternCost {
  switch (pattern.kind) {
    case 'Sequence':
      return added(pattern.items.map(costOf));
    case 'Choice': {
      const { size, optional } = added(pattern.branches.map(costOf));
      return { size: size + 1, optional: optional + pattern.branches.filter(mayBeEmpty).length };
    }
    case 'Repeat': {
      const inner = costOf(pattern.item);
      const times = copies(pattern.least, pattern.most);
      const own = pattern.least === 0 || mayBeEmpty(pattern.item) ? 1 : 0;
      return { size: inner.size * times + 1, optional: inner.optional * times + own };
    }
    default:
      return { size: 1, optional: 0 };
  }
}

/** Into how many ranges the sets of a pattern part the characters, which is how the database looks at them. */
export function kindsOfCharacters(pattern: Pattern): number {
  const edges = new Set<number>();
  collectEdges(pattern, edges);
  return edges.size + 1;
}

function collectEdges(pattern: Pattern, edges: Set<number>): void {
  if (pattern.kind === 'Character') {
    for (const [first, last] of pattern.set) {
      edges.add(first).add(last + 1);
    }
  } else if (pattern.kind === 'Repeat') {
    collectEdges(pattern.item, edges);
  } else if (pattern.kind === 'Sequence') {
    for (const item of pattern.items) {
      collectEdges(item, edges);
    }
  } else if (pattern.kind === 'Choice') {
    for (const branch of pattern.branches) {
      collectEdges(branch, edges);
    }
  }
}

function added(costs: readonly PatternCost[]): PatternCost {
  return costs.reduce((sum, { size, optional }) => ({ size: sum.size + size, optional: sum.optional + optional }), {
    size: 0,
    optional: 0,
  });
}

function mayBeEmpty(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'Character':
      return false;
    case 'Sequence':
      return pattern.items.every(mayBeEmpty);
    case 'Choice':
      return pattern.branches.some(mayBeEmpty);
    case 'Repeat':
      return pattern.least === 0 || mayBeEmpty(pattern.item);
    default:
      return true;
  }
}

/** False for a pattern that only looks at its place, such as `^`, `(\b|$)` or nothing at all. */
export function takesCharacters(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'Character':
      return true;
    case 'Sequence':
      return pattern.items.some(takesCharacters);
    case 'Choice':
      return pattern.branches.some(takesCharacters);
    case 'Repeat':
      return takesCharacters(pattern.item);
    default:
      return false;
  }
}
