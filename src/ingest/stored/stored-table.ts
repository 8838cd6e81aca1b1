import { archiveView } from '../../catalogue/archive-view.ts';
import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import { type KeptColumn, keptColumns } from '../../catalogue/kept-columns.ts';
import { GatewayError } from '../../errors.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';

/** A stored set as loads see it: names are columns, not properties. */
export interface StoredTable {
  readonly set: StoredSet;
  /** Schema and table, quoted. */
  readonly name: string;
  readonly key: readonly string[];
  /** Property to column, the bookkeeping ones left out. */
  readonly columns: ReadonlyMap<string, { readonly name: string; readonly sqlType: string }>;
  /** Columns that an empty cell does not overwrite. */
  readonly kept: readonly KeptColumn[];
}

/** The table of an entity set; of a proxied one the view of its archive. Throws Internal where there is none: the catalogue has checked that. */
export function storedTable(catalogue: Catalogue, setName: string): StoredTable {
  const binding = catalogue.sets.get(setName);
  const entitySet = catalogue.model.entitySets.get(setName);
  if (binding === undefined || entitySet === undefined) {
    throw new GatewayError('Internal', `${setName} is not stored`);
  }
  const { entityType } = entitySet;
  const set = binding.kind === 'stored' ? binding : archiveView(entitySet, binding.source);
  const columns = new Map([...set.columns].filter(([, column]) => !column.name.startsWith('_')));
  return {
    set,
    columns,
    kept: keptColumns(catalogue, setName),
    name: `${quoteIdentifier(set.relation.schema)}.${quoteIdentifier(set.relation.name)}`,
    key: entityType.key.map((property) => columnOf({ set, columns }, property)),
  };
}

/** Column of a property. */
export function columnOf(table: Pick<StoredTable, 'set' | 'columns'>, property: string): string {
  const column = table.columns.get(property);
  if (column === undefined) {
    throw new GatewayError('Internal', `${table.set.name} has no column for ${property}`);
  }
  return column.name;
}
