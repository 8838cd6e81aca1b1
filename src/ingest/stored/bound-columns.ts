import type { Catalogue, DimensionSource } from '../../catalogue/catalogue.ts';
import { escapeText } from '../../sql/literal.ts';
import { columnOf, type StoredTable, storedTable } from './stored-table.ts';

// A row may have cells of several files (see carried-cells.ts). The number of a team that one file states and the name that
// another one stated say nothing together: that team never had that name.

export type ColumnPair = readonly [string, string];

/** Whether two cells of the row `t` were stated by one row of a file. */
export const statedTogether = ([a, b]: ColumnPair): string =>
  `(t._cells IS NULL OR t._cells -> ${escapeText(a)} IS NOT DISTINCT FROM t._cells -> ${escapeText(b)})`;

/** Pairs of columns of a set that its derived sets read as one statement. */
export function boundColumns(catalogue: Catalogue, table: StoredTable): readonly ColumnPair[] {
  const pairs = [...catalogue.sets.values()].flatMap((set): readonly ColumnPair[] => {
    if (set.kind !== 'stored' || set.derivation === null || set.derivation.kind === 'rows') {
      return [];
    }
    const { derivation } = set;
    if (derivation.kind === 'bridge') {
      const { from, list, paired } = derivation;
      return from === table.set.name && paired !== null ? pairsOf(table, list.property, [paired.property]) : [];
    }
    if (derivation.kind !== 'dimension') {
      return [];
    }
    const key = storedTable(catalogue, set.name).key;
    return derivation.from
      .filter((one) => one.set === table.set.name)
      .flatMap((one) => namingPairs(table, one, (ours) => key.includes(set.columns.get(ours)?.name ?? '')));
  });
  return [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()];
}

/** Each property of the thing's name with each of what is said of it. */
function namingPairs(
  table: StoredTable,
  { columns }: DimensionSource,
  isKey: (ours: string) => boolean,
): readonly ColumnPair[] {
  const names = [...columns].filter(([ours]) => isKey(ours)).map(([, theirs]) => theirs);
  return names.flatMap((name) => pairsOf(table, name, [...columns.values()]));
}

/** Columns of the set's own key say which row it is, whatever file stated the rest; kept ones have newness of their own. */
function pairsOf(table: StoredTable, property: string, others: readonly string[]): readonly ColumnPair[] {
  const column = columnOf(table, property);
  if (!sharesNewness(table, column)) {
    return [];
  }
  return others
    .map((other) => columnOf(table, other))
    .filter((other) => other !== column && sharesNewness(table, other))
    .map((other): ColumnPair => [column, other]);
}

/** Whether the newness of the column's cells stands in `_cells` where it is not that of their rows. */
export const sharesNewness = (table: StoredTable, column: string): boolean =>
  !table.key.includes(column) && table.kept.every((kept) => kept.column !== column);

/** That the cells of columns were stated together, for those of which it can be told. */
export function togetherCondition(table: StoredTable, columns: readonly string[]): string {
  const [first, ...rest] = columns.filter((column) => table.set.derivation === null && sharesNewness(table, column));
  if (first === undefined || rest.length === 0) {
    return 'true';
  }
  return rest.map((other) => statedTogether([first, other])).join(' AND ');
}
