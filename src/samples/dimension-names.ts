import type { Catalogue, Export } from '../catalogue/catalogue.ts';
import type { Reference } from './key-pool.ts';

/** A column that says something about a referenced thing, e.g. an agent's name: it must say the same in every row. */
export interface DimensionName {
  readonly keyProperty: string;
  readonly set: string;
  readonly property: string;
}

/** The columns of an export that say something about what others of its columns refer to, by their properties. */
export function dimensionNames(
  catalogue: Catalogue,
  exported: Export,
  references: ReadonlyMap<string, Reference>,
): ReadonlyMap<string, DimensionName> {
  const names = new Map<string, DimensionName>();
  for (const [set, binding] of catalogue.sets) {
    if (binding.kind !== 'stored' || binding.derivation?.kind !== 'dimension') {
      continue;
    }
    for (const source of binding.derivation.from) {
      if (source.set !== exported.set) {
        continue;
      }
      const key = [...source.columns.values()].find((property) => references.get(property)?.set === set);
      if (key === undefined) {
        continue;
      }
      for (const [target, property] of source.columns) {
        if (property !== key) {
          names.set(property, { keyProperty: key, set, property: target });
        }
      }
    }
  }
  return names;
}
