import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { indexedBytes } from '../stored/indexed-bytes.ts';

/**
 * How many bytes of UTF-8 the text properties of an export may have that stand in a key or an index, of their own set
 * or of one derived from it. The others have no limit.
 */
export function indexedTexts(catalogue: Catalogue, target: Export): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  const visit = (setName: string, names: ReadonlyMap<string, string>, seen: readonly string[]): void => {
    for (const [property, limit] of ownLimits(catalogue, setName)) {
      const origin = names.get(property);
      if (origin !== undefined) {
        limits.set(origin, Math.min(limit, limits.get(origin) ?? limit));
      }
    }
    for (const [derived, from] of derivedNames(catalogue, setName)) {
      if (seen.includes(derived)) {
        continue;
      }
      const origins = [...from].flatMap(([ours, theirs]) => {
        const origin = names.get(theirs);
        return origin === undefined ? [] : [[ours, origin] as const];
      });
      visit(derived, new Map(origins), [...seen, derived]);
    }
  };
  visit(target.set, new Map(propertiesOf(catalogue, target.set).map((name) => [name, name])), [target.set]);
  return limits;
}

function propertiesOf(catalogue: Catalogue, setName: string): readonly string[] {
  return [...(catalogue.model.entitySets.get(setName)?.entityType.properties.keys() ?? [])];
}

function ownLimits(catalogue: Catalogue, setName: string): ReadonlyMap<string, number> {
  const set = catalogue.sets.get(setName);
  const type = catalogue.model.entitySets.get(setName)?.entityType;
  const limits = new Map<string, number>();
  if (set?.kind !== 'stored' || type === undefined) {
    return limits;
  }
  for (const group of [type.key, ...set.indexes]) {
    const texts = group.filter((name) => type.properties.get(name)?.type === 'Edm.String');
    const share = Math.floor(indexedBytes / Math.max(texts.length, 1));
    for (const name of texts) {
      limits.set(name, Math.min(share, limits.get(name) ?? share));
    }
  }
  return limits;
}

/** Sets that take rows from this one, with their property for each of ours. Members of a list are cut out in SQL. */
function derivedNames(
  catalogue: Catalogue,
  setName: string,
): readonly (readonly [string, ReadonlyMap<string, string>])[] {
  return [...catalogue.sets.values()].flatMap((set) => {
    if (set.kind !== 'stored' || set.derivation === null || set.derivation.kind === 'rows') {
      return [];
    }
    const { derivation } = set;
    if (derivation.kind === 'dimension') {
      return derivation.from.filter((one) => one.set === setName).map((one) => [set.name, one.columns] as const);
    }
    if (derivation.kind !== 'bridge' || derivation.from !== setName) {
      return [];
    }
    return [[set.name, new Map([...derivation.parent].map(([theirs, ours]) => [ours, theirs]))] as const];
  });
}
