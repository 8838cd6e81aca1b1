import type { Database } from '../database.ts';

/** Seconds after which a gateway that says nothing counts as gone. */
export const instanceLasts = 10;

/** A row of `gateway.instance` that lives. */
export const livingInstance = `seen_at > clock_timestamp() - interval '${instanceLasts} seconds'`;

/** Says that this gateway lives; gives how many others do. One statement, of one row. */
export async function keepInstance(
  database: Pick<Database, 'query'>,
  { id, version }: { readonly id: string; readonly version: string },
): Promise<number> {
  const { rows } = await database.query<{ others: number }>(
    `WITH me AS (
       INSERT INTO gateway.instance (instance_id, version) VALUES ($1, $2)
       ON CONFLICT (instance_id) DO UPDATE SET seen_at = clock_timestamp()
     ), gone AS (
       DELETE FROM gateway.instance WHERE seen_at < clock_timestamp() - interval '1 hour' AND instance_id <> $1
     )
     SELECT count(*)::int AS others FROM gateway.instance WHERE instance_id <> $1 AND ${livingInstance}`,
    [id, version],
  );
  return rows[0]?.others ?? 0;
}

/** It serves no more: what it held is free at once. */
export async function removeInstance(database: Pick<Database, 'query'>, id: string): Promise<void> {
  await database.query('DELETE FROM gateway.instance WHERE instance_id = $1', [id]);
}
