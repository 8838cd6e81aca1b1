import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';

/**
 * Writes what the metadata expects of each export, from which `gateway.source_freshness` is made. One that stays as it is keeps since when it is
 * expected so; those of exports that are gone go.
 */
export async function putExpectations(database: Pick<Database, 'transaction'>, catalogue: Catalogue): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(hashtextextended('gateway.expectation', 0))`);
    await writeAll(transaction, catalogue);
  });
}

async function writeAll(transaction: Transaction, catalogue: Catalogue): Promise<void> {
  const rows = catalogue.exports.map((one) => rowOf(catalogue, one));
  await transaction.query(
    `DELETE FROM gateway.expectation e WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset($1) AS n(source text, export text) WHERE n.source = e.source AND n.export = e.export)`,
    [JSON.stringify(rows)],
  );
  await transaction.query(
    `INSERT INTO gateway.expectation AS e (source, export, entity_set, expects, unit, every, starts_on, by_minutes, time_zone, before, table_name, time_column)
     SELECT source, export, entity_set, expects, unit, every, starts_on, by_minutes, time_zone, before, table_name, time_column
       FROM jsonb_to_recordset($1) AS n(source text, export text, entity_set text, expects text, unit text, every integer, starts_on integer, by_minutes integer, time_zone text, before boolean, table_name text, time_column text)
     ON CONFLICT (source, export) DO UPDATE SET entity_set = excluded.entity_set, expects = excluded.expects, unit = excluded.unit, every = excluded.every,
       starts_on = excluded.starts_on, by_minutes = excluded.by_minutes, time_zone = excluded.time_zone, before = excluded.before,
       table_name = excluded.table_name, time_column = excluded.time_column,
       since = CASE WHEN e.expects IS NOT DISTINCT FROM excluded.expects AND e.time_zone IS NOT DISTINCT FROM excluded.time_zone THEN e.since ELSE now() END`,
    [JSON.stringify(rows)],
  );
}

function rowOf(catalogue: Catalogue, { source, name, set, write, expects }: Export) {
  const binding = catalogue.sets.get(set);
  const stored = binding?.kind === 'stored' ? binding : undefined;
  const winner = write.mode === 'upsert' && write.winner !== null ? stored?.columns.get(write.winner) : undefined;
  const time = winner?.sqlType === 'timestamp with time zone' ? winner.name : null;
  return {
    source,
    export: name,
    entity_set: set,
    expects: expects?.text ?? null,
    unit: expects?.unit ?? null,
    every: expects?.every ?? null,
    starts_on: expects?.on ?? null,
    by_minutes: expects?.by ?? null,
    time_zone: expects?.timeZone ?? null,
    before: expects?.before ?? null,
    table_name: stored?.relation.name ?? null,
    time_column: time,
  };
}
