import { quoteIdentifier } from '../../sql/identifier.ts';
import type { FileOrder } from '../ledger/file-order.ts';
import { columnList } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { insertedMarks } from './kept-cells.ts';

/** Staged rows that become stored ones. */
export interface Inserting {
  readonly table: StoredTable;
  readonly file: FileOrder;
  /** Data version of the set that the load makes. */
  readonly version: string;
  /** What follows FROM: staged rows `s`. */
  readonly from: string;
  /** Further columns, and what they get: SQL with parameters from `$5` on. */
  readonly more?: Readonly<Record<string, string>>;
}

/** The statement that stores them; the values of its own parameters, `$1` to `$4`, are `values`. */
export function insertStatement({ table, file, version, from, more = {} }: Inserting): {
  readonly text: string;
  readonly values: readonly unknown[];
} {
  const columns = [...table.columns.values()].map((column) => column.name);
  const marks = table.kept.flatMap((kept) => insertedMarks(kept, { file, fileTime: '$4' }));
  const given = [
    ['_version', '$1'],
    ['_load_id', '$2'],
    ['_line', 's._line'],
    ['_loaded_at', '$3'],
    ['_stamp', '$4'],
    ...marks.map(([name, value]) => [quoteIdentifier(name), value] as const),
    ...Object.entries(more),
  ] as const;
  const [names, values] = [given.map(([name]) => name).join(', '), given.map(([, value]) => value).join(', ')];
  return {
    text: `INSERT INTO ${table.name} (${columnList(columns)}, ${names}) SELECT ${columnList(columns, 's')}, ${values} FROM ${from}`,
    values: [version, file.loadId, loadTime(), file.fileTime],
  };
}

export const loadTime = (): string => new Date().toISOString();
