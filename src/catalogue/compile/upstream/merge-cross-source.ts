import type { EntitySet, EntityType, JoinPair, NavigationProperty } from '../../../edm/model.ts';
import type { Catalogue } from '../../catalogue.ts';
import { type Bound, type Navigations, withoutLostPartners } from './bound-navigation.ts';
import { type ServedSet, sameProperty } from './match-upstream-sets.ts';

export interface Existing {
  /** The navigation that the served sets have already, by set name. */
  readonly own: Navigations;
  /** Whether a documented set is of the proxied source, served or not. */
  readonly isOurs: (set: string) => boolean;
}

/**
 * The documented relations between sets of a proxied source and sets of others, in the names and types that the feed really
 * has: by set name, for both ends. One whose properties are gone, typed otherwise or no longer the key is left out.
 */
export function crossSourceNavigation(
  catalogue: Catalogue,
  served: readonly ServedSet[],
  { own, isOurs }: Existing,
): Navigations {
  const byName = new Map(served.map((set) => [set.setName, set]));
  const { entitySets } = catalogue.model;
  const found = new Map<string, Map<string, Bound>>();
  for (const [setName, set] of entitySets) {
    const from = byName.get(setName) ?? null;
    if (from === null && isOurs(setName)) {
      continue;
    }
    for (const [name, navigation] of set.entityType.navigationProperties) {
      const targetName = set.navigationPropertyBindings.get(name) ?? '';
      const target = entitySets.get(targetName);
      const to = byName.get(targetName) ?? null;
      if (target === undefined || (from === null) === (to === null)) {
        continue;
      }
      if (to === null && isOurs(targetName)) {
        continue;
      }
      const ends = { from: end(set, from), to: end(target, to), navigation };
      const join = actualJoin(ends);
      if (join === null || isTaken(ends.from, own.get(setName), name)) {
        continue;
      }
      const names = found.get(setName) ?? new Map<string, Bound>();
      found.set(setName, names);
      names.set(name, {
        set: targetName,
        property: { ...navigation, target: to?.typeName ?? navigation.target, join },
      });
    }
  }
  return withoutLostPartners(found);
}

interface End {
  readonly type: EntityType;
  /** The name its type is served by where the set is proxied; null: it is not. */
  readonly typeName: string | null;
}

const end = (set: EntitySet, served: ServedSet | null): End => ({
  type: served?.match.upstream.entityType ?? set.entityType,
  typeName: served?.typeName ?? null,
});

interface Ends {
  readonly from: End;
  readonly to: End;
  readonly navigation: NavigationProperty;
}

function actualJoin({ from, to, navigation }: Ends): readonly JoinPair[] | null {
  // To one, the join is the target's whole key; the way back has the same pairs, so there it is our key.
  const key = (navigation.collection ? from : to).type.key;
  if (key.length !== navigation.join.length) {
    return null;
  }
  const join: JoinPair[] = [];
  for (const pair of navigation.join) {
    const property = sameProperty(from.type, pair.property);
    const referenced = sameProperty(to.type, pair.referencedProperty);
    if (property === undefined || referenced === undefined || property.type !== referenced.type) {
      return null;
    }
    if (!key.includes((navigation.collection ? property : referenced).name)) {
      return null;
    }
    join.push({ property: property.name, referencedProperty: referenced.name });
  }
  return join;
}

function isTaken({ type, typeName }: End, own: ReadonlyMap<string, Bound> | undefined, name: string): boolean {
  if (typeName === null) {
    return false;
  }
  const names = [...type.properties.keys(), ...(own?.keys() ?? [])];
  return names.some((taken) => taken.toLowerCase() === name.toLowerCase()) || name === typeName;
}

/** A set of another source, its navigation into the proxied one replaced by what is left of it. */
export function withNavigation(
  set: EntitySet,
  isReplaced: (target: string) => boolean,
  cross: ReadonlyMap<string, Bound> | undefined,
): EntitySet {
  const bindings = [...set.navigationPropertyBindings].filter(([, target]) => isReplaced(target));
  if (bindings.length === 0) {
    return set;
  }
  const gone = new Set(bindings.map(([name]) => name).filter((name) => cross?.get(name) === undefined));
  const kept = [...set.entityType.navigationProperties].filter(([name]) => !gone.has(name));
  const navigationProperties = new Map(kept.map(([name, one]) => [name, cross?.get(name)?.property ?? one]));
  return Object.freeze({
    ...set,
    entityType: Object.freeze({ ...set.entityType, navigationProperties }),
    navigationPropertyBindings: new Map([...set.navigationPropertyBindings].filter(([name]) => !gone.has(name))),
  });
}
