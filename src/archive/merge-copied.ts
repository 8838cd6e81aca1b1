import { quoteIdentifier, quoteRelation } from '../sql/identifier.ts';
import type { Transaction } from '../warehouse/database.ts';
import { type ArchivedSet, purgedColumn } from './archived-set.ts';

/** The temporary table of rows as they were copied: a number, and the columns of the set. */
export const copiedRows = 'copied_rows';
const newestRows = 'newest_rows';

/** Names of one archive's table, quoted. */
export interface ArchiveTable {
  readonly name: string;
  /** Columns that the feed's properties fill, in their order. */
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly purged: string;
  /** What says when rows came; null: nothing does. */
  readonly time: string | null;
}

export function tableOf({ table, live, settings }: ArchivedSet): ArchiveTable {
  const column = (property: string): string => quoteIdentifier(table.columns.get(property)?.name ?? '');
  return {
    name: quoteRelation(table.relation),
    columns: [...live.entityType.properties.keys()].map(column),
    key: live.entityType.key.map(column),
    purged: quoteIdentifier(purgedColumn),
    time: settings.by === null ? null : column(settings.by),
  };
}

export const sameKeys = (left: string, right: string, { key }: ArchiveTable): string =>
  key.map((name) => `${left}.${name} = ${right}.${name}`).join(' AND ');

/** Makes the temporary table. */
export async function makeCopied(transaction: Transaction, { name, columns }: ArchiveTable): Promise<void> {
  await transaction.query(
    `CREATE TEMP TABLE ${copiedRows} ON COMMIT DROP AS SELECT ${columns.join(', ')} FROM ${name} WHERE false`,
  );
  await transaction.query(`ALTER TABLE ${copiedRows} ADD COLUMN _line bigint NOT NULL GENERATED ALWAYS AS IDENTITY`);
}

export const copyText = ({ columns }: ArchiveTable): string => `COPY ${copiedRows} (${columns.join(', ')}) FROM STDIN`;

/** What became of copied rows: `read` is the sum of the others. */
export interface MergedRows {
  readonly read: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly duplicate: number;
}

/**
 * Brings copied rows into the archive by their keys: of a key that came twice the later row counts, rows that are stored as they came are not
 * written, and what was marked as purged and is there again loses its mark. New rows are stored in the order of their time. Changed rows get the version, and the number of the copy.
 * `onChanging` is told before, by a SELECT of their `_row`, which stored rows change.
 */
export async function mergeCopied(
  transaction: Transaction,
  table: ArchiveTable,
  {
    version,
    copyId,
    onChanging,
  }: {
    readonly version: string;
    readonly copyId: string;
    readonly onChanging: (changing: string) => Promise<void>;
  },
): Promise<MergedRows> {
  const { name, columns, key, purged, time } = table;
  await transaction.query(
    `CREATE TEMP TABLE ${newestRows} ON COMMIT DROP AS SELECT DISTINCT ON (${key.join(', ')}) * FROM ${copiedRows} ORDER BY ${key.join(', ')}, _line DESC`,
  );
  await transaction.query(`ANALYZE ${newestRows} (${key.join(', ')})`);
  const { rows } = await transaction.query<{ read: string; newest: string }>(
    `SELECT (SELECT count(*) FROM ${copiedRows})::text AS read, (SELECT count(*) FROM ${newestRows})::text AS newest`,
  );
  const [read, newest] = [Number(rows[0]?.read ?? 0), Number(rows[0]?.newest ?? 0)];
  const others = columns.filter((column) => !key.includes(column));
  const stored = [...others.map((column) => `t.${column}`), `t.${purged}`].join(', ');
  const copied = [...others.map((column) => `s.${column}`), 'NULL::timestamptz'].join(', ');
  const assigned = [
    ...others.map((column) => `${column} = s.${column}`),
    `${purged} = NULL`,
    '_version = $1',
    '_load_id = $2',
  ];
  const differs = `${sameKeys('t', 's', table)} AND ROW(${stored}) IS DISTINCT FROM ROW(${copied})`;
  await onChanging(`SELECT t._row FROM ${name} t JOIN ${newestRows} s ON ${differs}`);
  const updated = await transaction.query(
    `UPDATE ${name} t SET ${assigned.join(', ')} FROM ${newestRows} s WHERE ${differs}`,
    [version, copyId],
  );
  const inserted = await transaction.query(
    `INSERT INTO ${name} (${columns.join(', ')}, _version, _load_id) SELECT ${columns.map((column) => `s.${column}`).join(', ')}, $1, $2 FROM ${newestRows} s WHERE NOT EXISTS (SELECT FROM ${name} t WHERE ${sameKeys('t', 's', table)}) ORDER BY ${time === null ? '' : `s.${time}, `}s._line`,
    [version, copyId],
  );
  await transaction.query(`DROP TABLE ${newestRows}`);
  return {
    read,
    inserted: inserted.rowCount,
    updated: updated.rowCount,
    unchanged: newest - inserted.rowCount - updated.rowCount,
    duplicate: read - newest,
  };
}
