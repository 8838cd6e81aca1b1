import type { EntitySet } from '../edm/model.ts';
import { primitiveType } from '../edm/primitive-types.ts';
import type { Catalogue, StoredSet } from './catalogue.ts';

const known = new WeakMap<Catalogue, Catalogue>();

/**
 * The copied rows of a proxied set in the columns that its document names: a view that is always there, without rows where the set is not
 * archived. Formulas of documents hold whatever names and types the feed has, and loads need not know which archives there are.
 */
export function archiveView(set: EntitySet, source: string): StoredSet {
  const columns = [...set.entityType.properties.values()].map(
    ({ name, type, collection }) =>
      [name, { name, sqlType: collection ? 'text' : primitiveType(type).postgres }] as const,
  );
  return {
    kind: 'stored',
    name: set.name,
    source,
    role: 'copy',
    relation: { schema: 'gateway_archive', name: `documented ${set.name}` },
    columns: new Map(columns),
    rowId: '_row',
    versionColumn: '_version',
    hiddenBy: null,
    indexes: [],
    derivation: null,
  };
}

/** The catalogue of the metadata files with proxied sets as their archives have them. The same catalogue gives the same object. */
export function withArchiveViews(catalogue: Catalogue): Catalogue {
  const before = known.get(catalogue);
  if (before !== undefined) {
    return before;
  }
  const sets = [...catalogue.sets].map(([name, binding]) => {
    const set = catalogue.model.entitySets.get(name);
    return [
      name,
      binding.kind === 'upstream' && set !== undefined ? archiveView(set, binding.source) : binding,
    ] as const;
  });
  const viewed = { ...catalogue, sets: new Map(sets) };
  known.set(catalogue, viewed);
  return viewed;
}

/** The proxied sets whose rows sets over all sources are made of, or look at. */
export function viewedSets(catalogue: Catalogue): readonly EntitySet[] {
  const { sets, model } = catalogue;
  const contributions = [...sets.values()].flatMap((set) =>
    set.kind === 'stored' && set.derivation?.kind === 'unified' ? set.derivation.from : [],
  );
  const names = new Set(
    contributions.flatMap(({ set, gather }) => {
      const own = model.entitySets.get(set);
      return [set, ...gather.map((one) => one.set), ...(own?.navigationPropertyBindings.values() ?? [])];
    }),
  );
  return [...model.entitySets.values()].filter(({ name }) => names.has(name) && sets.get(name)?.kind === 'upstream');
}
