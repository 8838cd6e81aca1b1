import type { Transaction } from '../../warehouse/database.ts';
import { sqlState, uniqueViolation } from '../../warehouse/postgres-errors.ts';
import type { FreshTables } from '../../warehouse/tables/fresh-tables.ts';
import { columnList } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { DirectCopy } from './copy-direct.ts';
import { oneAhead, pieces } from './pieces.ts';
import type { Straight, StraightLines } from './straight-rows.ts';

/** Bytes of rows copied at once. Two pieces are in memory. */
const pieceBytes = 1024 * 1024;

/**
 * Copies all rows of a file into a table without indexes, and makes these afterwards; what is rejected, and rows whose key stands in the file
 * before them, are left in the table `staged`. Resolves to how many were stored.
 */
export async function storeFresh(
  transaction: Transaction,
  { table, file, version }: Straight,
  fresh: FreshTables,
  { lines, tables: { staged, columns, marks, copyText } }: StraightLines,
): Promise<number> {
  const direct = new DirectCopy(transaction, { table, file, version, columns, marks, copyLeft: copyText(staged) });
  let stored = 0;
  for await (const chunks of oneAhead(pieces(lines, pieceBytes, pieceBytes))) {
    stored += await direct.copy(chunks);
  }
  await transaction.query('SAVEPOINT before_indexes');
  try {
    await fresh.index(transaction, table.set.name);
  } catch (error) {
    if (sqlState(error) !== uniqueViolation) {
      throw error;
    }
    await transaction.query('ROLLBACK TO SAVEPOINT before_indexes');
    stored -= await leaveRepeated(transaction, table, { staged, columns });
    await fresh.index(transaction, table.set.name);
  }
  await transaction.query('RELEASE SAVEPOINT before_indexes');
  return stored;
}

/** Moves rows of keys that stand further up into `staged`. Resolves to how many there were. */
async function leaveRepeated(
  transaction: Transaction,
  table: StoredTable,
  { staged, columns }: { readonly staged: string; readonly columns: readonly string[] },
): Promise<number> {
  const places = `SELECT ctid AS at, row_number() OVER (PARTITION BY ${columnList(table.key)} ORDER BY _line) AS place FROM ${table.name}`;
  const moved = `_line, ${columnList(columns)}`;
  const { rowCount } = await transaction.query(
    `WITH repeated AS (DELETE FROM ${table.name} t USING (${places}) p WHERE t.ctid = p.at AND p.place > 1 RETURNING t.*)
     INSERT INTO ${staged} (${moved}) SELECT ${moved} FROM repeated`,
  );
  return rowCount;
}
