import type { Catalogue } from '../catalogue/catalogue.ts';
import type { EntitySet, Model } from '../edm/model.ts';

/** By unified set, the titles of proxied sources of whose sets that speak for it nothing is archived. `documents`: of the metadata files. */
export function absentSources(
  documents: Catalogue,
  isArchived: (set: string) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const absent = new Map<string, readonly string[]>();
  for (const set of documents.sets.values()) {
    if (set.kind !== 'stored' || set.derivation?.kind !== 'unified') {
      continue;
    }
    const proxied = set.derivation.from.filter((one) => documents.sets.get(one.set)?.kind === 'upstream');
    const present = new Set(proxied.filter((one) => isArchived(one.set)).map(({ source }) => source));
    const missing = new Set(proxied.map(({ source }) => source).filter((source) => !present.has(source)));
    if (missing.size > 0) {
      absent.set(
        set.name,
        [...missing].map((source) => documents.sources.get(source)?.title ?? source),
      );
    }
  }
  return absent;
}

/** The catalogue whose unified sets say in their descriptions which sources are absent. */
export function sayingAbsent(catalogue: Catalogue, absent: ReadonlyMap<string, readonly string[]>): Catalogue {
  if (absent.size === 0) {
    return catalogue;
  }
  const entitySets = new Map(
    [...catalogue.model.entitySets].map(([name, set]): readonly [string, EntitySet] => {
      const titles = absent.get(name);
      const note = `Without rows of ${(titles ?? []).join(', ')}, of which nothing is archived.`;
      return [name, titles === undefined ? set : { ...set, description: [set.description, note].join(' ').trim() }];
    }),
  );
  const model: Model = Object.freeze({ ...catalogue.model, entitySets });
  return Object.freeze({ ...catalogue, model });
}
