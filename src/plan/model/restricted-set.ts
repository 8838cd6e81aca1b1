import type { EntitySet } from '../../edm/model.ts';
import type { BoundExpression, RangeVariable } from './expression.ts';

/** Which rows of a set there are for somebody: those for which the condition is true. */
export interface RowCondition {
  /** The row that the condition speaks of. */
  readonly variable: RangeVariable;
  /** Names what the whole model has, also what the reader does not see; it is the rule's and not the request's. */
  readonly condition: BoundExpression;
  /** The condition as it was written: two of one text let the same rows through. */
  readonly text: string;
  /** Other sets that the condition looks into, in alphabetical order: where they change, other rows may be there. */
  readonly reads: readonly string[];
}

/**
 * A set in a plan that was restricted. It stands wherever the set stood, so that whatever becomes of the plan, rows of the
 * set come only through the condition.
 */
export interface RestrictedSet extends EntitySet {
  /** The set with all its rows. */
  readonly whole: EntitySet;
  readonly rows: RowCondition;
  /**
   * The request computes what can fail, and says of the value that it failed for. Nothing of it may be computed for other
   * rows then, whatever order is the quickest.
   */
  readonly sealed: boolean;
}

export const isRestricted = (set: EntitySet): set is RestrictedSet => 'whole' in set;

/** The set with all its rows. */
export const wholeSet = (set: EntitySet): EntitySet => (isRestricted(set) ? set.whole : set);
