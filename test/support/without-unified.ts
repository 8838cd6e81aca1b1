import type { Catalogue } from '../../src/catalogue/catalogue.ts';

/** The catalogue without the sets that speak of all sources: a load makes no rows of theirs. */
export function withoutUnified(catalogue: Catalogue): Catalogue {
  const sets = [...catalogue.sets].filter(
    ([, set]) =>
      set.kind !== 'stored' || set.role !== 'derived' || catalogue.sources.get(set.source)?.kind !== 'builtin',
  );
  return { ...catalogue, sets: new Map(sets) };
}
