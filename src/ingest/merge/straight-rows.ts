import type { Transaction } from '../../warehouse/database.ts';
import type { FileOrder } from '../ledger/file-order.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { insertStatement } from './insert-rows.ts';
import { eachOf, oneAhead, pieces } from './pieces.ts';

/** A load of whose rows those with new keys need no decision: an upsert. */
export interface Straight {
  readonly table: StoredTable;
  readonly file: FileOrder;
  /** Data version of the set that the load makes. */
  readonly version: string;
}

interface StraightTables {
  /** Temporary tables of one shape: the piece that is being stored; rows that are left. */
  readonly piece: string;
  readonly staged: string;
  /** COPY into one of them. */
  readonly copyText: (name: string) => string;
}

/** Bytes of rows stored at once: few at first, since the first ones tell nearly always whether keys are stored already. Two pieces are in memory. */
const firstPiece = 64 * 1024;
const nextPiece = 1024 * 1024;

/**
 * Stores rows while the rest of their file is converted, as long as all their keys are new; what is rejected, and everything from the
 * first piece on that has a key which is stored or came before, is left in the table `staged`. Resolves to how many were stored.
 */
export async function storeStraight(
  transaction: Transaction,
  { table, file, version }: Straight,
  { lines, tables }: { readonly lines: AsyncIterable<Uint8Array>; readonly tables: StraightTables },
): Promise<number> {
  const { piece, staged, copyText } = tables;
  const insert = insertStatement({ table, file, version, from: `${piece} s WHERE s._code IS NULL` });
  const text = `${insert.text} ON CONFLICT (${columnList(table.key)}) DO NOTHING`;
  const stored = `SELECT FROM ${table.name} t WHERE ${sameKey('t', 's', table.key)} AND t._load_id = $1 AND t._line = s._line`;
  const left = `INSERT INTO ${staged} SELECT s.* FROM ${piece} s WHERE s._code IS NOT NULL OR NOT EXISTS (${stored})`;
  let straight = true;
  let inserted = 0;
  for await (const chunks of oneAhead(pieces(lines, firstPiece, nextPiece))) {
    const copied = await transaction.copyIn(copyText(straight ? piece : staged), eachOf(chunks));
    if (!straight) {
      continue;
    }
    const { rowCount } = await transaction.query(text, insert.values);
    inserted += rowCount;
    if (rowCount < copied) {
      await transaction.query(left, [file.loadId]);
      const known = await transaction.query(`SELECT FROM ${staged} WHERE _code IS NULL LIMIT 1`);
      straight = known.rowCount === 0;
    }
    await transaction.query(`TRUNCATE ${piece}`);
  }
  return inserted;
}
