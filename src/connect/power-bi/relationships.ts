import type { EntitySet } from '../../edm/model.ts';

/** Rows of one table that lead to one row of another. */
export interface Relationship {
  readonly from: { readonly set: string; readonly property: string };
  readonly to: { readonly set: string; readonly property: string };
  /** Filters go along it by themselves. Of several ways between two tables one alone may be: Desktop refuses ambiguous models. */
  readonly active: boolean;
}

/**
 * The relations of the sets that a semantic model can have: over one column, to the key of another table. Those that close
 * a circle are there, and not active.
 */
export function relationshipsOf(sets: readonly EntitySet[]): readonly Relationship[] {
  const byName = new Map(sets.map((set) => [set.name, set]));
  const groups = new Map(sets.map(({ name }) => [name, name]));
  const groupOf = (name: string): string => {
    const above = groups.get(name) ?? name;
    return above === name ? name : groupOf(above);
  };
  const found: Relationship[] = [];
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
      if (key.length !== 1 || key[0] !== to.property || isTwice || ours === undefined || ours !== theirs) {
        continue;
      }
      const [one, other] = [groupOf(set.name), groupOf(target.name)];
      found.push({ from, to, active: one !== other });
      groups.set(one, other);
    }
  }
  return found;
}

const isSame = (one: Relationship['from'], other: Relationship['from']): boolean =>
  one.set === other.set && one.property === other.property;
