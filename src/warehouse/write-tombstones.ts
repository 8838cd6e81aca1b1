/**
 * The statement that notes rows that leave the feed: `select` gives set name, key as jsonb by property name, and the data
 * version with which they left, as `DISTINCT` rows. A key that left before is noted with its newest version alone.
 */
export function writeTombstones(select: string): string {
  return `INSERT INTO gateway.tombstones (entity_set, key, version) SELECT DISTINCT ${select} ON CONFLICT (entity_set, key) DO UPDATE SET version = excluded.version, deleted_at = excluded.deleted_at`;
}
