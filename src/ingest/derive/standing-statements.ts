import type { Catalogue } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { columnOf, storedTable } from '../stored/stored-table.ts';
import type { DerivedDimension } from './derived-sets.ts';
import { keyColumns, statementsWhere } from './dimension-rows.ts';
import type { ChangingSource } from './said-statements.ts';

/** The column of `boundOf`, and whether a statement about the thing `j` gives it a value and did not change. */
export interface Standing {
  readonly bound: string;
  readonly exists: string;
}

/**
 * null: no column holds how new statements are; or a set that is derived itself is among the sources, so that one load
 * comes here more than once and a row may have changed that is not accounted for yet.
 */
export function standing(
  catalogue: Catalogue,
  { dimension, source, changed }: ChangingSource & { readonly changed: string },
): Standing | null {
  const bound = boundOf(dimension);
  if (bound === null) {
    return null;
  }
  const found: string[] = [];
  for (const one of dimension.derivation.from) {
    const from = storedTable(catalogue, one.set);
    if (from.set.derivation !== null) {
      return null;
    }
    if (one.stamp === null) {
      continue;
    }
    const keys = keyColumns(dimension, one, from);
    const about = dimension.table.key.map((name, index) => `${keys[index]} = j.${quoteIdentifier(name)}`);
    const unchanged = from.set.name === source.set.name ? [`NOT (${changed})`] : [];
    const conditions = [...about, `t.${quoteIdentifier(columnOf(from, one.stamp))} IS NOT NULL`, ...unchanged];
    const speaks = [...one.columns.keys()].some((property) => columnOf(dimension.table, property) === bound);
    if (speaks) {
      found.push(
        `EXISTS (${statementsWhere(dimension, { source: one, from, grouped: false, noted: true }, conditions.join(' AND '))})`,
      );
    }
  }
  return { bound, exists: `(${found.join(' OR ')})` };
}

/** The column that holds how new the greatest of all statements is; null: no column does. */
export function boundOf({ table, derivation }: DerivedDimension): string | null {
  const speaking = derivation.from.filter((one) =>
    [...one.columns.keys()].some((property) => !table.key.includes(columnOf(table, property))),
  );
  const [first] = speaking;
  if (first === undefined) {
    return null;
  }
  for (const property of first.columns.keys()) {
    const column = columnOf(table, property);
    const holds = speaking.every((one) => one.stamp !== null && one.columns.get(property) === one.stamp);
    if (holds && !table.key.includes(column)) {
      return column;
    }
  }
  return null;
}
