import { Buffer } from 'node:buffer';
import { countedRows, metRows } from '../../sql/apart.ts';
import { attempt } from '../../warehouse/attempt.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { uniqueViolation } from '../../warehouse/postgres-errors.ts';
import type { FreshTables } from '../../warehouse/tables/fresh-tables.ts';
import type { FileOrder } from '../ledger/file-order.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { DirectCopy } from './copy-direct.ts';
import { takeApart } from './direct-lines.ts';
import { insertStatement } from './insert-rows.ts';
import { ahead, eachOf, pieces } from './pieces.ts';

/** A load of whose rows those with new keys need no decision: an upsert. */
export interface Straight {
  readonly table: StoredTable;
  readonly file: FileOrder;
  /** Data version of the set that the load makes. */
  readonly version: string;
  /** The table is one of these: it holds nothing, and has no indexes. null: it is none. */
  readonly fresh: FreshTables | null;
  /** What is made of rows of such a table while others are converted; null: nothing is. */
  readonly made: RowsMade | null;
}

/** Rows of other sets that are made of new ones. */
export interface RowsMade {
  /** Of all rows that were stored since it was called before. */
  add(): Promise<void>;
  /** None is made: rows that were stored leave again. */
  forget(): Promise<void>;
}

export interface StagedTables {
  /** Temporary table of rows that are left. */
  readonly staged: string;
  /** COPY into it, or into another one of its shape. */
  readonly copyText: (name: string) => string;
  /** Columns of the values in the lines, behind place and fault. */
  readonly columns: readonly string[];
  /** Columns of the table that the texts behind those are for. */
  readonly marks: readonly string[];
}

interface StraightTables extends StagedTables {
  /** Temporary table of the shape of `staged`: the piece that is being stored. */
  readonly piece: string;
}

const keyIsStored: ReadonlySet<string> = new Set([uniqueViolation]);
/** COPY of Citus says of whatever a worker says that it is an internal error: the way by `piece` tells what it was. */
const workerRefuses: ReadonlySet<string> = new Set([uniqueViolation, 'XX000']);

/** Bytes of rows stored at once: few at first, since the first ones tell nearly always whether keys are stored already. Two pieces are in memory. */
const firstPiece = 64 * 1024;
const nextPiece = 1024 * 1024;

/**
 * Entries of a text index that wait to be put in together, for which 4 MB are usual: the more, the less often each page of it is written. A search reads
 * them one by one meanwhile.
 */
const pendingMegabytes = 16;

/**
 * Stores rows while the rest of their file is converted, as long as all their keys are new; what is rejected, and everything from the
 * first piece on that has a key which is stored or came before, is left in the table `staged`. Resolves to how many were stored.
 */
export async function storeStraight(
  transaction: Transaction,
  straight: Straight,
  { lines, tables }: { readonly lines: AsyncIterable<Uint8Array>; readonly tables: StraightTables },
): Promise<number> {
  const way = new StraightWay(transaction, straight, tables);
  const indexes = await textIndexes(transaction, straight.table);
  if (indexes.length > 0) {
    await transaction.query(`SET LOCAL gin_pending_list_limit = '${pendingMegabytes}MB'`);
  }
  for await (const chunks of ahead(pieces(lines, firstPiece, nextPiece), 1)) {
    await way.take(chunks);
  }
  // What was put off is done now, so that searches find a short list again.
  if (indexes.length > 0) {
    await transaction.query('SET LOCAL gin_pending_list_limit TO DEFAULT');
    await transaction.query('SELECT gin_clean_pending_list(i.oid::regclass) FROM unnest($1::oid[]) AS i(oid)', [
      indexes,
    ]);
  }
  return way.stored;
}

/** Object ids of the indexes of `$search`. */
async function textIndexes(transaction: Transaction, table: StoredTable): Promise<readonly string[]> {
  const { rows } = await transaction.query<{ id: string }>(
    `SELECT i.indexrelid::text AS id FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
     WHERE i.indrelid = $1::regclass AND a.amname = 'gin'`,
    [table.name],
  );
  return rows.map(({ id }) => id);
}

/**
 * Pieces go by way of the table `piece` as long as it is not known that all keys are new: the first, and one after which a key was not. The next
 * one goes straight into the table, and everything into `staged` from where a key was stored.
 */
class StraightWay {
  stored = 0;
  #next: 'direct' | 'piece' | 'staged' = 'piece';
  readonly #transaction: Transaction;
  readonly #straight: Straight;
  readonly #tables: StraightTables;
  readonly #direct: DirectCopy;

  constructor(transaction: Transaction, straight: Straight, tables: StraightTables) {
    this.#transaction = transaction;
    this.#straight = straight;
    this.#tables = tables;
    const { columns, marks, staged, copyText } = tables;
    this.#direct = new DirectCopy(transaction, {
      ...{ ...straight, columns, marks },
      ...{ copyLeft: copyText(staged), marked: 'lines' },
    });
  }

  async take(chunks: readonly Uint8Array[]): Promise<void> {
    if (this.#next === 'direct' && (await this.#copyDirect(chunks))) {
      return;
    }
    const { piece, staged, copyText } = this.#tables;
    if (this.#next === 'staged') {
      await this.#transaction.copyIn(copyText(staged), eachOf(chunks));
      return;
    }
    const copied = await this.#transaction.copyIn(copyText(piece), eachOf(chunks));
    this.#next = (await this.#storePiece(copied)) ? 'direct' : 'staged';
    await this.#transaction.query(`TRUNCATE ${piece}`);
  }

  /** Resolves to whether all keys were new; else nothing of the piece is stored, and what is known of it is that it has to be looked at. */
  async #copyDirect(chunks: readonly Uint8Array[]): Promise<boolean> {
    const constants = Buffer.from(this.#direct.constants);
    const parts = chunks.map((chunk) => takeApart(chunk, constants));
    const refused = this.#transaction.isDistributed ? workerRefuses : keyIsStored;
    const stored = await attempt(this.#transaction, refused, () => this.#direct.copy(eachOf(parts)));
    if (stored === null) {
      this.#next = 'piece';
      return false;
    }
    this.stored += stored;
    return true;
  }

  /** Stores the rows of `piece` whose keys are new, and leaves the others in `staged`. Resolves to whether none was left for its key. */
  async #storePiece(copied: number): Promise<boolean> {
    const { table, file, version } = this.#straight;
    const { piece, staged } = this.#tables;
    const insert = insertStatement({ table, file, version, from: `${piece} s WHERE s._code IS NULL` });
    const { rowCount } = await this.#transaction.query(
      `${insert.text} ON CONFLICT (${columnList(table.key)}) DO NOTHING${countedRows(this.#transaction)}`,
      insert.values,
    );
    this.stored += rowCount;
    if (rowCount === copied) {
      return true;
    }
    const met = metRows(this.#transaction, {
      table: table.name,
      by: `(SELECT ${columnList(table.key)} FROM ${piece})`,
      on: sameKey('t', 'o', table.key),
      columns: `${columnList(table.key, 't')}, t._load_id, t._line`,
    });
    const stored = `SELECT 1 FROM ${met} t WHERE ${sameKey('t', 's', table.key)} AND t._load_id = $1 AND t._line = s._line`;
    await this.#transaction.query(
      `INSERT INTO ${staged} SELECT s.* FROM ${piece} s WHERE s._code IS NOT NULL OR NOT EXISTS (${stored})`,
      [file.loadId],
    );
    const known = await this.#transaction.query(`SELECT 1 FROM ${staged} WHERE _code IS NULL LIMIT 1`);
    return known.rowCount === 0;
  }
}
