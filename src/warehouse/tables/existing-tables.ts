import { quoteRelation } from '../../sql/identifier.ts';
import type { Transaction } from '../database.ts';

export interface ExistingColumn {
  readonly name: string;
  /** As `format_type` prints it. */
  readonly sqlType: string;
  readonly nullable: boolean;
}

export interface ExistingTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: ReadonlyMap<string, ExistingColumn>;
  /** Index name to its columns, an expression as ''. */
  readonly indexes: ReadonlyMap<string, readonly string[]>;
  readonly empty: boolean;
  /** Whether the read role may read it. */
  readonly readable: boolean;
  /** Whether somebody said when it is vacuumed (the gateway, or whoever knows better), or nobody can: of partitions each has its own. */
  readonly setsVacuum: boolean;
}

/** The tables of one schema as they are, by name. */
export async function existingTables(
  transaction: Transaction,
  schema: string,
): Promise<ReadonlyMap<string, ExistingTable>> {
  const { rows } = await transaction.query<{
    name: string;
    readable: boolean;
    setsVacuum: boolean;
    columns: ExistingColumn[];
    indexes: IndexRow[];
  }>(
    `SELECT c.relname AS name, has_table_privilege('gateway_reader', c.oid, 'SELECT') AS readable,
            c.relkind = 'p' OR EXISTS (SELECT 1 FROM unnest(c.reloptions) o WHERE o LIKE 'autovacuum%') AS "setsVacuum",
            (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'sqlType', format_type(a.atttypid, a.atttypmod), 'nullable', NOT a.attnotnull) ORDER BY a.attnum), '[]')
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
            (SELECT coalesce(json_agg(json_build_object('name', x.relname, 'columns',
                      (SELECT json_agg(coalesce(a.attname, '') ORDER BY k.place)
                         FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
                         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0))), '[]')
               FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisvalid) AS indexes
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')`,
    [schema],
  );
  const empty = await emptyTables(
    transaction,
    schema,
    rows.map((row) => row.name),
  );
  return new Map(
    rows.map((row) => [
      row.name,
      {
        schema,
        table: row.name,
        columns: new Map(row.columns.map((column) => [column.name, column])),
        indexes: new Map(row.indexes.map((index) => [index.name, index.columns])),
        empty: empty.has(row.name),
        readable: row.readable,
        setsVacuum: row.setsVacuum,
      },
    ]),
  );
}

interface IndexRow {
  readonly name: string;
  readonly columns: readonly string[];
}

async function emptyTables(
  transaction: Transaction,
  schema: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  if (names.length === 0) {
    return new Set();
  }
  if (transaction.isDistributed) {
    // They may lie on several workers, which one statement cannot look at side by side.
    const found = new Set<string>();
    for (const name of names) {
      const { rowCount } = await transaction.query(`SELECT 1 FROM ${quoteRelation({ schema, name })} LIMIT 1`);
      if (rowCount === 0) {
        found.add(name);
      }
    }
    return found;
  }
  const parts = names.map(
    (name) =>
      `SELECT ${String(names.indexOf(name))} AS place WHERE NOT EXISTS (SELECT 1 FROM ${quoteRelation({ schema, name })})`,
  );
  const { rows } = await transaction.query<{ place: number }>(parts.join(' UNION ALL '));
  return new Set(rows.flatMap((row) => names[row.place] ?? []));
}
