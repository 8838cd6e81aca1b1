import type { EntitySet, NavigationProperty } from '../../edm/model.ts';
import { isRestricted } from '../model/restricted-set.ts';

/** Where the rows of sets are, and what their sources can follow by themselves: all that plans across sources are cut by. */
export interface Placement {
  /** The proxied source that has a set's rows; null: PostgreSQL, which has those of every stored set. */
  readonly sourceOf: (set: EntitySet) => string | null;
  /** Whether the proxied source of a set can follow one of its navigation properties. */
  readonly follows: (set: EntitySet, navigation: NavigationProperty) => boolean;
}

/** One step from a set over a navigation property to another. */
export interface Step {
  readonly from: EntitySet;
  readonly navigation: NavigationProperty;
  readonly to: EntitySet;
}

/**
 * Whether the rows at both ends have to be joined here, because no single source can follow the navigation; or can, and
 * has no place there for the condition on the rows that the reader may see.
 */
export function crosses({ sourceOf, follows }: Placement, { from, navigation, to }: Step): boolean {
  const source = sourceOf(from);
  if (source !== sourceOf(to)) {
    return true;
  }
  if (source === null || navigation.join.length === 0) {
    return false;
  }
  const conditioned = isRestricted(to) && !navigation.collection;
  return conditioned || !follows(from, navigation);
}
