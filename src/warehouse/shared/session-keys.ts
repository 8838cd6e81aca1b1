import type { Database } from '../database.ts';

/** Days after which another key takes its place, and after which it opens nothing any more: no session lasts as long. */
const [replacedAfter, removedAfter] = [30, 90];
/** Seconds that a key is known to all gateways before one of them seals with it; more than they take between two looks. */
const untilUsed = 180;

/**
 * Secrets of sessions, the one to seal with first. Made by whichever gateway comes first, under a lock, so that all have the same; and replaced in
 * time, the one before going on to open. `make`: 64 random hexadecimal digits.
 */
export function sessionSecrets(
  database: Pick<Database, 'transaction'>,
  make: () => string,
): Promise<readonly string[]> {
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(hashtextextended('gateway.session-key', 0))`);
    await transaction.query(
      `DELETE FROM gateway.session_key WHERE made_at < clock_timestamp() - interval '${removedAfter} days'`,
    );
    await transaction.query(
      `INSERT INTO gateway.session_key (secret)
       SELECT $1 WHERE NOT EXISTS (SELECT FROM gateway.session_key WHERE made_at > clock_timestamp() - interval '${replacedAfter} days')`,
      [make()],
    );
    const { rows } = await transaction.query<{ secret: string }>(
      `SELECT secret FROM gateway.session_key
        ORDER BY made_at > clock_timestamp() - interval '${untilUsed} seconds', key_id DESC`,
    );
    return rows.map(({ secret }) => secret);
  });
}
