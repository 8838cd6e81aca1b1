import type { Catalogue } from './catalogue.ts';

/**
 * A column whose value may be older than the rest of its row, because an empty cell does not overwrite it
 * (`keepIfEmpty`): beside it stands how new the file, and the winner value, of the row are that it was taken from.
 */
export interface KeptColumn {
  readonly column: string;
  /** Column with the time of the file; null where the value is as new as the row. */
  readonly stamp: string;
  /** Column with the line and load it was taken from. */
  readonly place: string;
  /** The write mode's winner column, and the column that holds its value at that time; null: the mode has none. */
  readonly winner: { readonly column: string; readonly mark: string; readonly sqlType: string } | null;
  /** Columns that say of a row that the vendor deleted it: such a row says that the cell is empty. */
  readonly deletions: readonly DeletionColumn[];
}

export interface DeletionColumn {
  readonly column: string;
  readonly sqlType: string;
}

/** What says of rows of a stored set that they were deleted, over all exports that write it. */
export function deletionColumns(catalogue: Catalogue, setName: string): readonly DeletionColumn[] {
  const set = catalogue.sets.get(setName);
  if (set?.kind !== 'stored') {
    return [];
  }
  const found = catalogue.exports.flatMap(({ set: written, deletionMarker }) => {
    const column = written === setName && deletionMarker !== null ? set.columns.get(deletionMarker) : undefined;
    return column === undefined ? [] : [{ column: column.name, sqlType: column.sqlType }];
  });
  return [...new Map(found.map((one) => [one.column, one])).values()];
}

/** The kept columns of a stored set, over all exports that write it. */
export function keptColumns(catalogue: Catalogue, setName: string): readonly KeptColumn[] {
  const set = catalogue.sets.get(setName);
  if (set?.kind !== 'stored') {
    return [];
  }
  const deletions = deletionColumns(catalogue, setName);
  const found = catalogue.exports
    .filter((one) => one.set === setName)
    .flatMap(({ columns, write }) => {
      const winner = write.mode === 'upsert' && write.winner !== null ? set.columns.get(write.winner) : undefined;
      return columns.flatMap(({ property, keepIfEmpty }): KeptColumn[] => {
        const column = keepIfEmpty ? set.columns.get(property)?.name : undefined;
        if (column === undefined) {
          return [];
        }
        const mark = winner && { column: winner.name, mark: `_winner_${column}`, sqlType: winner.sqlType };
        return [{ column, stamp: `_stamp_${column}`, place: `_place_${column}`, winner: mark ?? null, deletions }];
      });
    });
  return [...new Map(found.map((one) => [one.column, one])).values()];
}
