import type { RowCondition } from './model/restricted-set.ts';

/** What somebody may see of one set. */
export interface SetGrant {
  /** Names of the structural properties, the whole key among them; null: all there are. */
  readonly properties: ReadonlySet<string> | null;
  /** null: all rows. */
  readonly rows: RowCondition | null;
}

/**
 * What somebody may see of the feed, bound to a model (`bind/grants.ts`). A set that is not named is not there. Made once
 * and kept as long as model and rules are the same: what is derived from it is remembered by the object.
 */
export interface Grants {
  /** By set name; null: everything, since nobody made a rule. */
  readonly sets: ReadonlyMap<string, SetGrant> | null;
}

/** The rights of everybody where nobody made a rule. */
export const everything: Grants = Object.freeze({ sets: null });
