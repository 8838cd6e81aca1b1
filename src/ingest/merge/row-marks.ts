import type { DeletionColumn, KeptColumn } from '../../catalogue/kept-columns.ts';
import { copyValue } from '../../sql/copy-line.ts';
import { type FileOrder, lineSpan } from '../ledger/file-order.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { numberTypes } from './kept-cells.ts';

/** How new the kept cells of new rows are, found while rows are converted: what `insertedMarks` finds in PostgreSQL, so that rows can be copied. */
export interface RowMarks {
  /** Columns of the table, in the order of the texts. */
  readonly columns: readonly string[];
  /** COPY text of their values, each behind a tab, for a row that is stored for the first time; `values` in the order of the properties. */
  textOf(values: readonly (string | null)[], line: number): string;
  /** The same for a row that says nothing. */
  readonly none: string;
}

/** Marks of a file's rows. `properties`: those that its rows have values of. */
export function rowMarks(table: StoredTable, file: FileOrder, properties: readonly string[]): RowMarks {
  const places = new Map(properties.map((property, place) => [columnOf(table, property), place]));
  const first = BigInt(file.loadId) * lineSpan;
  const marks = table.kept.map((kept) => ({
    says: saying(kept, places),
    // No place has no value: so the file is without the column.
    winner: kept.winner === null ? null : (places.get(kept.winner.column) ?? -1),
    unsaid: '\t\\N'.repeat(kept.winner === null ? 2 : 3),
  }));
  const columns = table.kept.flatMap(({ stamp, place, winner }) => [
    stamp,
    place,
    ...(winner === null ? [] : [winner.mark]),
  ]);
  return {
    columns,
    none: '\t\\N'.repeat(columns.length),
    textOf(values, line) {
      let text = '';
      for (const { says, winner, unsaid } of marks) {
        if (says(values)) {
          text += `\t${file.fileTime}\t${first + BigInt(line)}`;
          text += winner === null ? '' : `\t${copyValue(values[winner] ?? null)}`;
        } else {
          text += unsaid;
        }
      }
      return text;
    },
  };
}

type Says = (values: readonly (string | null)[]) => boolean;

/** As `saysCell`: whether a row says what the cell is, or with a deletion that it is empty. */
function saying({ column, deletions }: KeptColumn, places: ReadonlyMap<string, number>): Says {
  const own = places.get(column);
  const deleted = deletions.flatMap((one) => {
    const place = places.get(one.column);
    return place === undefined ? [] : [{ place, isSet: isSetIn(one) }];
  });
  return (values) =>
    (own !== undefined && values[own] !== null) ||
    deleted.some(({ place, isSet }) => {
      const text = values[place] ?? null;
      return text !== null && isSet(text);
    });
}

/** Whether a text that is no null says that the row was deleted. */
function isSetIn({ sqlType }: DeletionColumn): (text: string) => boolean {
  if (sqlType === 'boolean') {
    return (text) => text === 'true' || text === 't';
  }
  if (sqlType === 'text') {
    return (text) => text !== '';
  }
  return numberTypes.has(sqlType) ? (text) => Number(text) !== 0 : () => true;
}
