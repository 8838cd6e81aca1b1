/**
 * The statement that publishes a data version ($2) of a set ($1), under the set's lock. Whoever runs it has noted the rows that it removed with this
 * version; where another program published the one before, nobody knows that of what came earlier.
 */
export const publishVersionText = `INSERT INTO gateway.set_versions AS s (entity_set, version, changed_at, removals_noted, removals_since) VALUES ($1, $2, now(), $2, $2::bigint - 1)
 ON CONFLICT (entity_set) DO UPDATE SET version = excluded.version, changed_at = excluded.changed_at, removals_noted = excluded.version, removals_since = CASE WHEN s.removals_noted = s.version THEN s.removals_since ELSE excluded.removals_since END`;
