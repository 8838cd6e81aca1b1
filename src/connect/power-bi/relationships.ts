import type { EntitySet } from '../../edm/model.ts';

/** Rows of one table that lead to one row of another, whose filters they follow. */
export interface Relationship {
  readonly from: { readonly set: string; readonly property: string };
  readonly to: { readonly set: string; readonly property: string };
  /** Filters go along it by themselves. Where they could reach a table on two ways, Desktop refuses the model: the second is not active. */
  readonly active: boolean;
}

type Ends = Omit<Relationship, 'active'>;

/**
 * The relations of the sets that a semantic model can have: over one column, to the key of another table. Tables share those that
 * they lead to, so that one filter is one of all of them; a relation that would have a filter reach a table on a second way is
 * there, and not active. What has many relations is a fact, what has few tells facts apart: from the former to the latter comes
 * first, so that facts keep their own relations and lose those to each other.
 */
export function relationshipsOf(sets: readonly EntitySet[]): readonly Relationship[] {
  const found = relationsOf(sets);
  const count = (set: string): number => found.filter(({ from }) => from.set === set).length;
  const counts = new Map(sets.map(({ name }) => [name, count(name)]));
  const steepness = ({ from, to }: Ends): number => (counts.get(from.set) ?? 0) - (counts.get(to.set) ?? 0);
  const active = activeOf([...found].sort((one, other) => steepness(other) - steepness(one)));
  return found.map((ends) => ({ ...ends, active: active.has(ends) }));
}

/** As many as there can be, in this order, with one way at most that filters have from one table to another. */
function activeOf(relations: readonly Ends[]): ReadonlySet<Ends> {
  const active = new Set<Ends>();
  /** Tables whose rows follow a filter of this one, itself among them. */
  const following = new Map<string, Set<string>>();
  const followingOf = (set: string): Set<string> => {
    const known = following.get(set) ?? new Set([set]);
    following.set(set, known);
    return known;
  };
  for (const relation of relations) {
    const reached = [...followingOf(relation.from.set)];
    followingOf(relation.to.set);
    const above = [...following.values()].filter((others) => others.has(relation.to.set));
    if (above.every((others) => reached.every((set) => !others.has(set)))) {
      active.add(relation);
      for (const others of above) {
        for (const set of reached) {
          others.add(set);
        }
      }
    }
  }
  return active;
}

function relationsOf(sets: readonly EntitySet[]): readonly Ends[] {
  const byName = new Map(sets.map((set) => [set.name, set]));
  const found: Ends[] = [];
  for (const set of sets) {
    for (const navigation of set.entityType.navigationProperties.values()) {
      const target = byName.get(set.navigationPropertyBindings.get(navigation.name) ?? '');
      const [pair, ...others] = navigation.join;
      if (target === undefined || pair === undefined || others.length > 0 || navigation.collection || target === set) {
        continue;
      }
      const key = target.entityType.key;
      const from = { set: set.name, property: pair.property };
      const to = { set: target.name, property: pair.referencedProperty };
      const isTwice = found.some((one) => isSame(one.from, from) && isSame(one.to, to));
      const types = [set.entityType.properties.get(from.property), target.entityType.properties.get(to.property)];
      const [ours, theirs] = types.map((property) => property?.type);
      if (key.length === 1 && key[0] === to.property && !isTwice && ours !== undefined && ours === theirs) {
        found.push({ from, to });
      }
    }
  }
  return found;
}

const isSame = (one: Ends['from'], other: Ends['from']): boolean =>
  one.set === other.set && one.property === other.property;
