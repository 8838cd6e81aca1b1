import type { Database } from './database.ts';

/** Days that the keys of removed rows are kept: a delta link older than that may be refused. */
export const tombstoneDays = 180;

/**
 * Forgets removed rows older than so many days, and notes for each set from which version on all are kept, so that older
 * delta links are refused instead of missing a removal. Gives back how many were forgotten.
 */
export async function pruneTombstones(database: Database, days = tombstoneDays): Promise<number> {
  const { rows } = await database.query<{ pruned: string }>(
    `WITH gone AS (
       DELETE FROM gateway.tombstones WHERE deleted_at < now() - make_interval(days => $1) RETURNING entity_set, version
     ), horizon AS (
       UPDATE gateway.set_versions AS s SET kept_since = greatest(s.kept_since, g.version)
         FROM (SELECT entity_set, max(version) AS version FROM gone GROUP BY entity_set) AS g
        WHERE s.entity_set = g.entity_set
     )
     SELECT count(*)::text AS pruned FROM gone`,
    [days],
  );
  return Number(rows[0]?.pruned ?? 0);
}
