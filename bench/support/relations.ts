import type { Database } from '../../src/warehouse/database.ts';

/** A table, or an index of one, at one moment. */
export interface RelationSize {
  /** `schema.name` of the table. */
  readonly table: string;
  /** Of the index; null: the table itself, with what it keeps of long values beside it. */
  readonly index: string | null;
  readonly bytes: number;
}

/** What PostgreSQL says of a table's rows that nobody needs any more, and of how often it put them away by itself. */
export interface Vacuums {
  readonly table: string;
  readonly dead: number;
  readonly autovacuums: number;
}

/** Tables of these schemas and their indexes. */
export async function relationSizes(database: Database, schemas: readonly string[]): Promise<readonly RelationSize[]> {
  const { rows } = await database.query<{ table: string; index: string | null; bytes: string }>(
    `SELECT n.nspname || '.' || t.relname AS table, NULL AS index, pg_table_size(t.oid)::text AS bytes
       FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = ANY($1) AND t.relkind = 'r'
     UNION ALL
     SELECT n.nspname || '.' || t.relname, i.relname, pg_relation_size(i.oid)::text
       FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
       JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = ANY($1) AND t.relkind = 'r'
     ORDER BY 1, 2 NULLS FIRST`,
    [schemas],
  );
  return rows.map(({ table, index, bytes }) => ({ table, index, bytes: Number(bytes) }));
}

export async function vacuums(database: Database): Promise<readonly Vacuums[]> {
  const { rows } = await database.query<{ table: string; dead: string; autovacuums: string }>(
    `SELECT schemaname || '.' || relname AS table, n_dead_tup::text AS dead, autovacuum_count::text AS autovacuums
       FROM pg_stat_all_tables WHERE schemaname IN ('feed', 'gateway', 'pg_catalog') ORDER BY 1`,
  );
  return rows.map((row) => ({ table: row.table, dead: Number(row.dead), autovacuums: Number(row.autovacuums) }));
}
