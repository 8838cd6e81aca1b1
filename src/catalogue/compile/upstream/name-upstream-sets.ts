import type { EntitySet, EntityType } from '../../../edm/model.ts';
import type { Catalogue, UpstreamSet } from '../../catalogue.ts';
import type { Navigations } from './bound-navigation.ts';
import type { ServedSet, UpstreamMatch } from './match-upstream-sets.ts';

interface Naming {
  readonly matches: readonly UpstreamMatch[];
  readonly prefix: string;
  readonly kept: readonly EntitySet[];
}

/**
 * The sets of a feed with the names they are served by: documented ones keep theirs, others have the prefix and their own. Sets of
 * one type of the feed have one type here, too, but see `withOwnTypes`.
 */
export function nameSets(catalogue: Catalogue, { matches, prefix, kept }: Naming): readonly ServedSet[] {
  const setNames = new Set(kept.map((set) => set.name.toLowerCase()));
  const takenTypes = new Set(kept.map((set) => set.entityType.name.toLowerCase()));
  const typeNames = new Map<string, string>();
  // Documented sets first: their names must not fall to a set nobody knows.
  const ordered = [...matches].sort(
    (left, right) => Number(left.documented === null) - Number(right.documented === null),
  );
  return ordered.map((match) => {
    const { upstream, documented } = match;
    const documentedType = documented === null ? null : typeOf(catalogue, documented);
    const setName = free(documented?.name ?? prefix + legalName(upstream.name), setNames);
    const known = typeNames.get(upstream.entityType.name);
    const wanted = documentedType?.name ?? prefix + legalName(upstream.entityType.name);
    const typeName = known ?? free(wanted, takenTypes, membersOf(upstream.entityType));
    typeNames.set(upstream.entityType.name, typeName);
    return { match, setName, typeName, documentedType };
  });
}

const typeOf = (catalogue: Catalogue, set: UpstreamSet): EntityType | null =>
  catalogue.model.entitySets.get(set.name)?.entityType ?? null;

/** Only what every client takes in a name. */
function legalName(name: string): string {
  const letters = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_]+(.)?/g, (_, next: string | undefined) => (next ?? '').toUpperCase())
    .replace(/[^A-Za-z0-9_]/g, '');
  const upper = letters.charAt(0).toUpperCase() + letters.slice(1);
  return (/^[A-Za-z]/.test(upper) ? upper : `N${upper}`).slice(0, 100);
}

/** `others`: names that it must not be either, letter by letter. */
function free(name: string, taken: Set<string>, others: ReadonlySet<string> = new Set()): string {
  let candidate = name;
  for (let number = 2; taken.has(candidate.toLowerCase()) || others.has(candidate); number++) {
    candidate = `${name}${number}`;
  }
  taken.add(candidate.toLowerCase());
  return candidate;
}

/** No type may have the name of one of its properties (CSDL 4.0, 6.1). */
const membersOf = (type: EntityType): ReadonlySet<string> =>
  new Set([...type.properties.keys(), ...type.navigationProperties.keys()]);

/**
 * Sets of one type of the feed share ours only where their navigations lead to the same sets, since a navigation belongs to the
 * type and each set must bind it. Where they do not, the first set keeps the name, and the others get a type of their own.
 */
export function withOwnTypes(
  served: readonly ServedSet[],
  navigations: Navigations,
  kept: readonly EntitySet[],
): readonly ServedSet[] {
  const names = [...kept.map((set) => set.entityType.name), ...served.map((set) => set.typeName)];
  const taken = new Set(names.map((name) => name.toLowerCase()));
  const given = new Set<string>();
  const byShape = new Map<string, string>();
  return served.map((set) => {
    const own = [...(navigations.get(set.setName) ?? [])];
    const shape = JSON.stringify([
      set.typeName,
      ...own.map(([name, bound]) => JSON.stringify([name, bound.set, bound.property.partner ?? null])).toSorted(),
    ]);
    const members = new Set([...membersOf(set.match.upstream.entityType), ...own.map(([name]) => name)]);
    const typeName =
      byShape.get(shape) ?? (given.has(set.typeName) ? free(set.typeName, taken, members) : set.typeName);
    given.add(typeName);
    byShape.set(shape, typeName);
    return { ...set, typeName };
  });
}
