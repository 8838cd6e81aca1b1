import type { EntitySet, EntityType, Model, Property } from '../../../edm/model.ts';
import type { Catalogue, UpstreamSet } from '../../catalogue.ts';

/** A set of the proxied feed and the documented one it is, if any. */
export interface UpstreamMatch {
  readonly upstream: EntitySet;
  readonly documented: UpstreamSet | null;
}

/** A set of the feed under the names it is served by. */
export interface ServedSet {
  readonly match: UpstreamMatch;
  readonly setName: string;
  readonly typeName: string;
  /** What the documents say of it; null: nothing. */
  readonly documentedType: EntityType | null;
}

/** A property by its name, whatever the case of its letters. */
export function sameProperty(type: EntityType | null, name: string): Property | undefined {
  const folded = name.toLowerCase();
  return (
    type?.properties.get(name) ??
    [...(type?.properties.values() ?? [])].find((one) => one.name.toLowerCase() === folded)
  );
}

/** Letters and digits only, no case, no plural s: `Queue Segments` and `queuesegment` are the same name. */
export function normalised(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/s$/, '');
}

/**
 * Pairs the sets of a feed with the documented ones: by the name the metadata gives, else by the documented title with
 * and without what stands in brackets, the set name, or the entity type name. Each documented set is taken once.
 */
export function matchUpstreamSets(
  catalogue: Catalogue,
  source: { readonly name: string; readonly prefix: string },
  model: Model,
): readonly UpstreamMatch[] {
  const documented = [...catalogue.sets.values()].filter(
    (set): set is UpstreamSet => set.kind === 'upstream' && set.source === source.name,
  );
  const matches = new Map<EntitySet, UpstreamSet>();
  const taken = new Set<UpstreamSet>();
  const take = (fits: (set: EntitySet, candidate: UpstreamSet) => boolean): void => {
    for (const set of model.entitySets.values()) {
      if (matches.has(set)) {
        continue;
      }
      const found = documented.find((candidate) => !taken.has(candidate) && fits(set, candidate));
      if (found === undefined) {
        continue;
      }
      matches.set(set, found);
      taken.add(found);
    }
  };
  take((set, candidate) => candidate.upstreamName === set.name);
  take((set, candidate) => setNames(candidate, source.prefix).has(normalised(set.name)));
  take((set, candidate) => setNames(candidate, source.prefix).has(normalised(set.entityType.name)));
  return [...model.entitySets.values()].map((upstream) => ({ upstream, documented: matches.get(upstream) ?? null }));
}

function setNames(set: UpstreamSet, prefix: string): ReadonlySet<string> {
  const names = [set.title, set.title.replace(/\([^)]*\)/g, ''), set.name.slice(prefix.length), set.name];
  return new Set(names.map(normalised));
}
