import type { Model } from '../../edm/model.ts';
import { type Grants, seenOf } from '../../plan/grants.ts';
import { digest } from '../reply/entity-tag.ts';

/** By name of each set that there is: a digest of what somebody sees of it. Empty: all of it. */
export type SeenSets = Readonly<Record<string, string>>;

/** What somebody with these rights sees of all sets of the whole model. */
export const seenSets = ({ entitySets }: Model, grants: Grants): SeenSets =>
  Object.fromEntries(
    [...entitySets.keys()].map((name) => {
      const seen = seenOf(name, grants);
      return [name, seen === '' ? '' : digest(seen)];
    }),
  );

/** Whether the same is seen, under whatever rules or by whatever token. Sets that have come or gone since, or are not there at another gateway, do not count. */
export const isSameSeen = (one: SeenSets, other: SeenSets): boolean =>
  Object.entries(one).every(([name, seen]) => !Object.hasOwn(other, name) || other[name] === seen);
