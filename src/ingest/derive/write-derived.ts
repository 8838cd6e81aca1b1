import { metRows } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { noteRemovedRows } from '../../warehouse/note-removed-rows.ts';
import { writeTombstones } from '../../warehouse/write-tombstones.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { derivedColumns } from './derived-columns.ts';
import { type DerivedTable, forgetsValue } from './derived-sets.ts';

/** What all derived rows of a load are marked with. */
export interface DerivedMarks {
  readonly loadId: string;
  readonly fileTime: string;
}

/** Of rows that are made of archives of feeds, which no load brought. */
export const archiveMarks = (): DerivedMarks => ({ loadId: '0', fileTime: new Date().toISOString() });

/** What a made row `m` gives a column of the stored row `t`. */
function madeValue(derived: DerivedTable, name: string): string {
  // What a dimension learned once is not unlearned because the set that told it now says less.
  return forgetsValue(derived, name)
    ? `m.${quoteIdentifier(name)}`
    : `coalesce(m.${quoteIdentifier(name)}, t.${quoteIdentifier(name)})`;
}

/** Whether the made row `m` changes the stored row `t`; null: rows of nothing but a key never change. */
export function differences(derived: DerivedTable): string | null {
  const rest = derivedColumns(derived).filter((name) => !derived.table.key.includes(name));
  if (rest.length === 0) {
    return null;
  }
  return rest.map((name) => `t.${quoteIdentifier(name)} IS DISTINCT FROM ${madeValue(derived, name)}`).join(' OR ');
}

/** Rows made again, to be written. */
export interface DerivedWriting {
  readonly derived: DerivedTable;
  /** Temporary tables: the made rows in the columns of `derivedColumns`; the stored ones (`_target`) that nothing makes any more, null: there are none. */
  readonly made: string;
  readonly lost: string | null;
  readonly version: string;
  readonly marks: DerivedMarks;
  /** Which of the made rows have their stored ones; `none`: nothing is stored. */
  readonly stored: 'all' | 'some' | 'none';
}

/** Makes the stored rows the made ones; those that come out as they were keep their version. Resolves to whether something changed. */
export async function writeDerived(transaction: Transaction, writing: DerivedWriting): Promise<boolean> {
  const { derived, made, lost, version, marks } = writing;
  const { table } = derived;
  const columns = derivedColumns(derived);
  const rest = columns.filter((name) => !table.key.includes(name));
  const gone = lost === null ? 0 : await removeLost(transaction, { table, lost, version });
  const differs = writing.stored === 'none' ? null : differences(derived);
  const marked = [version, marks.loadId, marks.fileTime];
  const updated =
    differs === null
      ? 0
      : (
          await transaction.query(
            `UPDATE ${table.name} t SET ${rest.map((name) => `${quoteIdentifier(name)} = ${madeValue(derived, name)}`).join(', ')}, _version = $1, _load_id = $2, _loaded_at = now(), _stamp = $3 FROM ${made} m WHERE ${sameKey('m', 't', table.key)} AND (${differs})`,
            marked,
          )
        ).rowCount;
  if (writing.stored === 'all') {
    return gone + updated > 0;
  }
  const same = sameKey('t', 'o', table.key);
  const stored = metRows(transaction, { table: table.name, by: made, on: same });
  const isNew =
    writing.stored === 'none'
      ? ''
      : ` WHERE NOT EXISTS (SELECT 1 FROM ${stored} t WHERE ${sameKey('m', 't', table.key)})`;
  const inserted = await transaction.query(
    `INSERT INTO ${table.name} (${columnList(columns)}, _version, _load_id, _loaded_at, _stamp) SELECT ${columnList(columns, 'm')}, $1, $2, now(), $3 FROM ${made} m${isNew} ORDER BY ${columnList(table.key, 'm')}`,
    marked,
  );
  return gone + updated + inserted.rowCount > 0;
}

/** Writes rows, a SELECT in the columns of `derivedColumns`, of a set that holds none. Resolves to how many there are. */
export async function insertAll(
  transaction: Transaction,
  { derived, rows, version, marks }: Pick<DerivedWriting, 'derived' | 'version' | 'marks'> & { readonly rows: string },
): Promise<number> {
  const { table } = derived;
  const columns = columnList(derivedColumns(derived));
  const { rowCount } = await transaction.query(
    `INSERT INTO ${table.name} (${columns}, _version, _load_id, _loaded_at, _stamp) SELECT m.*, $1, $2, now(), $3 FROM (${rows}) m ORDER BY ${columnList(table.key, 'm')}`,
    [version, marks.loadId, marks.fileTime],
  );
  return rowCount;
}

/** Removes stored rows that nothing makes any more, with what delta links and kept counts must know of it. Resolves to how many. */
async function removeLost(
  transaction: Transaction,
  { table, lost, version }: { readonly table: StoredTable; readonly lost: string; readonly version: string },
): Promise<number> {
  const { set, name } = table;
  const from = `FROM ${name} t JOIN ${lost} l ON l._target = t._row`;
  if (set.versionColumn !== null) {
    const keyPairs = [...table.columns]
      .filter(([, column]) => table.key.includes(column.name))
      .map(([property, column]) => `${escapeText(property)}::text, t.${quoteIdentifier(column.name)}`);
    await transaction.query(
      writeTombstones(`$1::text, jsonb_build_object(${keyPairs.join(', ')}), $2::bigint ${from}`),
      [set.name, version],
    );
  }
  await transaction.query(noteRemovedRows(from), [set.name, version]);
  return (await transaction.query(`DELETE FROM ${name} t USING ${lost} l WHERE l._target = t._row`)).rowCount;
}

/** Empties columns that nothing gives values any more; rows given by the metadata keep theirs. */
export async function clearColumns(
  transaction: Transaction,
  table: StoredTable,
  columns: readonly string[],
): Promise<void> {
  if (columns.length === 0) {
    return;
  }
  const version = await nextVersion(transaction, table.set.name);
  const emptied = columns.map((name) => `${quoteIdentifier(name)} = NULL`).join(', ');
  const filled = columns.map((name) => `${quoteIdentifier(name)} IS NOT NULL`).join(' OR ');
  const { rowCount } = await transaction.query(
    `UPDATE ${table.name} SET ${emptied}, _version = $1 WHERE _load_id IS NOT NULL AND (${filled})`,
    [version],
  );
  if (rowCount > 0) {
    await publishVersion(transaction, table.set.name, version);
  }
}
