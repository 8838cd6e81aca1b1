import type { Database } from './database.ts';

/** A proxied feed fails: it is left alone for a while (`circuit`), or its `$metadata` cannot be read. */
export interface FeedTrouble {
  readonly source: string;
  readonly kind: 'circuit' | 'metadata';
  /** ISO 8601. */
  readonly since: string;
  readonly message: string;
}

/** What fails. */
export type FeedPlace = Pick<FeedTrouble, 'source' | 'kind'>;

/** What a gateway sees. */
export interface ToldTroubles {
  readonly now: readonly FeedTrouble[];
  /** What it saw before, and is over: what others still see they say again. */
  readonly over: readonly FeedPlace[];
}

/** What a gateway has not said for so long is over. */
const holds = `interval '1 minute'`;

/** Says what a gateway sees now; to be said again before it is over. What several gateways see of one feed is one trouble, since the earliest. */
export async function tellFeedTroubles(database: Database, { now, over }: ToldTroubles): Promise<void> {
  await database.query(
    `INSERT INTO gateway.feed_trouble AS f (source, kind, since, message)
     SELECT source, kind, since, message FROM jsonb_to_recordset($1::jsonb) AS t(source text, kind text, since timestamptz, message text)
     ON CONFLICT (source, kind) DO UPDATE SET message = excluded.message, told_at = excluded.told_at,
       since = CASE WHEN f.told_at < now() - ${holds} THEN excluded.since ELSE least(f.since, excluded.since) END`,
    [JSON.stringify(now)],
  );
  await database.query(
    `DELETE FROM gateway.feed_trouble WHERE told_at < now() - ${holds}
       OR (source, kind) IN (SELECT source, kind FROM jsonb_to_recordset($1::jsonb) AS t(source text, kind text))`,
    [JSON.stringify(over)],
  );
}

/** What gateways see that serve on this database. */
export async function feedTroubles(database: Pick<Database, 'query'>): Promise<readonly FeedTrouble[]> {
  const { rows } = await database.query<FeedTrouble & Record<string, unknown>>(
    `SELECT source, kind, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since, message
       FROM gateway.feed_trouble WHERE told_at >= now() - ${holds} ORDER BY source, kind`,
  );
  return rows;
}
