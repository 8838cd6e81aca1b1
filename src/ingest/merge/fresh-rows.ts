import { attempt } from '../../warehouse/attempt.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { uniqueViolation } from '../../warehouse/postgres-errors.ts';
import type { FreshTables } from '../../warehouse/tables/fresh-tables.ts';
import { columnList } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { DirectCopy, loadMarks } from './copy-direct.ts';
import type { TakenApart } from './direct-lines.ts';
import { ahead } from './pieces.ts';
import type { StagedTables, Straight } from './straight-rows.ts';

/** Bytes of rows copied at once. */
const pieceBytes = 4 * 1024 * 1024;
/** Parts of some rows each that may wait in memory, about two megabytes: they are converted while PostgreSQL works on what it has. */
const partsAhead = 256;

/**
 * Copies all rows of a file into a table without indexes, and makes these afterwards; what is rejected, and rows whose key stands in the file
 * before them, are left in the table `staged`. Resolves to how many were stored.
 */
export async function storeFresh(
  transaction: Transaction,
  { table, file, version, fresh, made }: Straight & { readonly fresh: FreshTables },
  {
    direct,
    tables: { staged, columns, marks, copyText },
  }: { readonly direct: (constants: string) => AsyncIterable<TakenApart>; readonly tables: StagedTables },
): Promise<number> {
  const { name } = table.set;
  const marked = (await fresh.give(transaction, name, loadMarks({ file, version }))) ? 'table' : 'lines';
  const copy = new DirectCopy(transaction, {
    ...{ table, file, version, columns, marks },
    ...{ copyLeft: copyText(staged), marked },
  });
  const parts = ahead(direct(copy.constants), partsAhead);
  let [stored, more] = [0, true];
  try {
    while (more) {
      stored += await copy.copy(
        piece(parts, () => {
          more = false;
        }),
      );
      // While rows are converted PostgreSQL would have nothing to do.
      await made?.add();
    }
  } finally {
    await parts.return(undefined);
  }
  const isIndexed = await attempt(transaction, new Set([uniqueViolation]), async () => {
    await fresh.index(transaction, name);
    return true;
  });
  if (isIndexed === null) {
    await made?.forget();
    stored -= await leaveRepeated(transaction, table, { staged, columns });
    await fresh.index(transaction, name);
  }
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

/** Parts of about `pieceBytes`; the others are left to whoever asks next. `onEnd` is told when there are none. */
async function* piece(parts: AsyncGenerator<TakenApart>, onEnd: () => void): AsyncGenerator<TakenApart> {
  for (let bytes = 0; bytes < pieceBytes; ) {
    const { done, value } = await parts.next();
    if (done === true) {
      onEnd();
      return;
    }
    bytes += (value.taken?.length ?? 0) + (value.left?.length ?? 0);
    yield value;
  }
}
