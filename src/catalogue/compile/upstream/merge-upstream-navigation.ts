import type { EntityType, JoinPair, NavigationProperty } from '../../../edm/model.ts';
import type { Catalogue } from '../../catalogue.ts';
import { type Bound, type Navigations, withoutLostPartners } from './bound-navigation.ts';
import { type ServedSet, sameProperty } from './match-upstream-sets.ts';

type Found = Map<string, Map<string, Bound>>;

/** Navigation properties of the served sets, by set name: the feed's own, then the documented ones it does not declare. */
export function mergeNavigation(catalogue: Catalogue, served: readonly ServedSet[]): Navigations {
  const found: Found = new Map(served.map((set) => [set.setName, new Map<string, Bound>()]));
  const byUpstreamName = new Map(served.map((set) => [set.match.upstream.name, set]));
  for (const set of served) {
    const { upstream } = set.match;
    for (const navigation of upstream.entityType.navigationProperties.values()) {
      const target = byUpstreamName.get(upstream.navigationPropertyBindings.get(navigation.name) ?? '');
      if (target === undefined) {
        continue;
      }
      const join =
        navigation.join.length > 0 ? navigation.join : documentedJoin(catalogue, { set, target, navigation });
      add(found, set, { property: { ...navigation, target: target.typeName, join }, set: target.setName });
    }
  }
  addDocumented(catalogue, served, found);
  return withoutLostPartners(found);
}

/** A navigation from one set to another. */
interface Leading {
  readonly set: ServedSet;
  readonly target: ServedSet;
  readonly navigation: NavigationProperty;
}

/**
 * The join that the documents know of a navigation that the feed declares without saying which properties it joins, as services do whose models
 * are not made of a database: between the same sets, and of the same name. Empty: they know none.
 */
function documentedJoin(catalogue: Catalogue, { set, target, navigation }: Leading): readonly JoinPair[] {
  const documented = catalogue.model.entitySets.get(set.match.documented?.name ?? '');
  const { name: wanted, collection } = navigation;
  const known = [...(documented?.entityType.navigationProperties.values() ?? [])].find(
    (one) =>
      one.collection === collection &&
      one.name.toLowerCase() === wanted.toLowerCase() &&
      documented?.navigationPropertyBindings.get(one.name) === target.match.documented?.name,
  );
  if (known === undefined || known.join.length === 0) {
    return [];
  }
  const join = collection ? actualJoin(target, set, reversed(known.join)) : actualJoin(set, target, known.join);
  return collection ? reversed(join ?? []) : (join ?? []);
}

const reversed = (join: readonly JoinPair[]): readonly JoinPair[] =>
  join.map((pair) => ({ property: pair.referencedProperty, referencedProperty: pair.property }));

/** Relations of the documents that the feed does not declare: the gateway joins them itself. */
function addDocumented(catalogue: Catalogue, served: readonly ServedSet[], found: Found): void {
  const byName = new Map(served.map((set) => [set.setName, set]));
  for (const set of served) {
    const documented = catalogue.model.entitySets.get(set.match.documented?.name ?? '');
    for (const navigation of documented?.entityType.navigationProperties.values() ?? []) {
      if (navigation.collection) {
        continue;
      }
      const target = byName.get(documented?.navigationPropertyBindings.get(navigation.name) ?? '');
      if (target === undefined) {
        continue;
      }
      const join = actualJoin(set, target, navigation.join);
      if (join === null || isTaken(set, found, navigation.name)) {
        continue;
      }
      const partner = navigation.partner;
      const backward = partner !== undefined && !isTaken(target, found, partner) ? partner : undefined;
      const { partner: _, ...rest } = navigation;
      add(found, set, {
        set: target.setName,
        property: { ...rest, target: target.typeName, join, ...(backward === undefined ? {} : { partner: backward }) },
      });
      if (backward === undefined) {
        continue;
      }
      add(found, target, {
        set: set.setName,
        property: {
          kind: 'NavigationProperty',
          name: backward,
          target: set.typeName,
          collection: true,
          nullable: false,
          partner: navigation.name,
          join: reversed(join),
        },
      });
    }
  }
}

function add(found: Found, set: ServedSet, bound: Bound): void {
  found.get(set.setName)?.set(bound.property.name, bound);
}

function isTaken(set: ServedSet, found: Found, name: string): boolean {
  const names = [...set.match.upstream.entityType.properties.keys(), ...(found.get(set.setName)?.keys() ?? [])];
  return names.some((taken) => taken.toLowerCase() === name.toLowerCase()) || name === set.typeName;
}

/** The join in the feed's own property names; null where a property is missing, typed otherwise, or no longer the key. */
function actualJoin(set: ServedSet, target: ServedSet, wanted: readonly JoinPair[]): readonly JoinPair[] | null {
  const [own, other]: readonly EntityType[] = [set.match.upstream.entityType, target.match.upstream.entityType];
  if (own === undefined || other === undefined || other.key.length !== wanted.length) {
    return null;
  }
  const join: JoinPair[] = [];
  for (const pair of wanted) {
    const property = sameProperty(own, pair.property);
    const referenced = sameProperty(other, pair.referencedProperty);
    if (property === undefined || referenced === undefined) {
      return null;
    }
    if (property.type !== referenced.type || !other.key.includes(referenced.name)) {
      return null;
    }
    join.push({ property: property.name, referencedProperty: referenced.name });
  }
  return join;
}
