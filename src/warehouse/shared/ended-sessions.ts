import type { Database } from '../database.ts';

export interface EndedSession {
  readonly id: string;
  /** Milliseconds since 1970 at which it would have ended. */
  readonly until: number;
}

/** Kept when it resolves; those that would have ended by now go. */
export async function endSession(database: Pick<Database, 'query'>, { id, until }: EndedSession): Promise<void> {
  await database.query(
    `WITH gone AS (DELETE FROM gateway.ended_session WHERE ends_at < clock_timestamp())
     INSERT INTO gateway.ended_session (session_id, ends_at) VALUES ($1, to_timestamp($2::double precision / 1000)) ON CONFLICT DO NOTHING`,
    [id, until],
  );
}

/** Those noted within so many seconds; null: all. */
export async function endedSessions(
  database: Pick<Database, 'query'>,
  within: number | null,
): Promise<readonly EndedSession[]> {
  const { rows } = await database.query<{ id: string; until: number }>(
    `SELECT session_id AS id, (extract(epoch FROM ends_at) * 1000)::double precision AS until FROM gateway.ended_session
      WHERE ends_at > clock_timestamp() AND ($1::double precision IS NULL OR noted_at > clock_timestamp() - make_interval(secs => $1))`,
    [within],
  );
  return rows;
}
