import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** What the ledger has of a file on a server. */
export interface DeliveryFile {
  readonly path: string;
  /** As it was listed last, or, once it was fetched, as it was listed then; null: not said. */
  readonly size: number | null;
  readonly modifiedMs: number | null;
  readonly state: 'waits' | 'accepted' | 'refused';
  /** Milliseconds by the database's clock since it was first listed with this size and time, and since it was first listed at all. */
  readonly unchangedFor: number;
  readonly seenFor: number;
  /** Since it was fetched; null: it was not. */
  readonly fetchedFor: number | null;
  /** Whether it was told that it waits for too long. */
  readonly told: boolean;
}

/** A file as it is listed now. */
export interface ListedFile {
  readonly path: string;
  readonly size: number | null;
  readonly modifiedMs: number | null;
}

/** All files of a delivery that the ledger knows, by path. */
export async function deliveryFiles(asker: Asker, delivery: string): Promise<ReadonlyMap<string, DeliveryFile>> {
  interface Row extends Record<string, unknown> {
    readonly path: string;
    readonly size: string | null;
    readonly modified: string | null;
    readonly state: DeliveryFile['state'];
    readonly unchanged: string;
    readonly seen: string;
    readonly fetched: string | null;
    readonly told: boolean;
  }
  const since = (column: string): string => `(extract(epoch FROM clock_timestamp() - ${column}) * 1000)::bigint::text`;
  const { rows } = await asker.query<Row>(
    `SELECT path, size_bytes::text AS size, (extract(epoch FROM modified_at) * 1000)::bigint::text AS modified, state, ${since('seen_since')} AS unchanged, ${since('first_seen_at')} AS seen, ${since('fetched_at')} AS fetched, told_at IS NOT NULL AS told FROM gateway.delivery_file WHERE delivery = $1`,
    [delivery],
  );
  return new Map(
    rows.map((row) => [
      row.path,
      {
        path: row.path,
        size: numberOf(row.size),
        modifiedMs: numberOf(row.modified),
        state: row.state,
        unchangedFor: Number(row.unchanged),
        seenFor: Number(row.seen),
        fetchedFor: numberOf(row.fetched),
        told: row.told,
      },
    ]),
  );
}

const numberOf = (text: string | null): number | null => (text === null ? null : Number(text));

/** What one look at a server makes of the ledger's files. */
export interface Look {
  /** Not fetched as they are: new ones, and ones that changed. Those that are as they were keep their ages. */
  readonly waiting: readonly (ListedFile & { readonly reason: string })[];
  /** Paths that were told to wait for too long. */
  readonly told: readonly string[];
  /** Paths that are not listed any more. */
  readonly gone: readonly string[];
}

export async function noteLook(database: Database, delivery: string, { waiting, told, gone }: Look): Promise<void> {
  if (waiting.length + told.length + gone.length === 0) {
    return;
  }
  await database.transaction(async (transaction) => {
    await transaction.query('DELETE FROM gateway.delivery_file WHERE delivery = $1 AND path = ANY($2)', [
      delivery,
      gone,
    ]);
    await transaction.query(
      `INSERT INTO gateway.delivery_file AS f (delivery, path, size_bytes, modified_at, state, reason, first_seen_at, seen_since)
       SELECT $1, path, size, to_timestamp(modified / 1000.0), 'waits', reason, clock_timestamp(), clock_timestamp()
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS n (path, size, modified, reason)
       ON CONFLICT (delivery, path) DO UPDATE SET
         reason = excluded.reason, state = 'waits', sha256 = NULL, fetched_at = NULL,
         size_bytes = excluded.size_bytes, modified_at = excluded.modified_at,
         first_seen_at = CASE WHEN f.state = 'waits' THEN f.first_seen_at ELSE excluded.first_seen_at END,
         told_at = CASE WHEN f.state = 'waits' THEN f.told_at END,
         seen_since = CASE WHEN f.state = 'waits' AND f.size_bytes IS NOT DISTINCT FROM excluded.size_bytes AND f.modified_at IS NOT DISTINCT FROM excluded.modified_at
           THEN f.seen_since ELSE excluded.seen_since END
       WHERE (f.state, f.reason, f.size_bytes, f.modified_at) IS DISTINCT FROM ('waits', excluded.reason, excluded.size_bytes, excluded.modified_at)`,
      [
        delivery,
        waiting.map(({ path }) => path),
        waiting.map(({ size }) => size),
        waiting.map(({ modifiedMs }) => modifiedMs),
        waiting.map(({ reason }) => reason),
      ],
    );
    await transaction.query(
      'UPDATE gateway.delivery_file SET told_at = clock_timestamp() WHERE delivery = $1 AND path = ANY($2) AND told_at IS NULL',
      [delivery, told],
    );
  });
}

/** A file was fetched as it was listed, and taken in or refused: it is left alone while it stays so. */
export async function noteFetched(
  asker: Asker,
  delivery: string,
  file: ListedFile & { readonly sha256: string; readonly state: 'accepted' | 'refused' },
): Promise<void> {
  await asker.query(
    `INSERT INTO gateway.delivery_file (delivery, path, size_bytes, modified_at, state, first_seen_at, seen_since, sha256, fetched_at)
     VALUES ($1, $2, $3, to_timestamp($4::bigint / 1000.0), $5, clock_timestamp(), clock_timestamp(), $6, clock_timestamp())
     ON CONFLICT (delivery, path) DO UPDATE SET size_bytes = excluded.size_bytes, modified_at = excluded.modified_at, state = excluded.state,
       reason = NULL, told_at = NULL, sha256 = excluded.sha256, fetched_at = excluded.fetched_at`,
    [delivery, file.path, file.size, file.modifiedMs, file.state, file.sha256],
  );
}

/** A file went away from its server by what we did. */
export async function forgetFile(asker: Asker, delivery: string, path: string): Promise<void> {
  await asker.query('DELETE FROM gateway.delivery_file WHERE delivery = $1 AND path = $2', [delivery, path]);
}

/**
 * The time that orders a file: the one that the server gave when it was first asked for these bytes under this path, noted now where they are new. It
 * does not move with the server's zone. Files of other paths may have the same bytes (exports without rows do), and have times of their own.
 */
export async function firstTimeOf(
  asker: Asker,
  delivery: string,
  { path, sha256, modifiedAt }: { readonly path: string; readonly sha256: string; readonly modifiedAt: Date },
): Promise<Date> {
  const { rows } = await asker.query<{ time: string }>(
    `WITH noted AS (
       INSERT INTO gateway.delivery_bytes (delivery, path, sha256, modified_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING modified_at)
     SELECT (extract(epoch FROM modified_at) * 1000)::bigint::text AS time
       FROM (SELECT modified_at FROM noted UNION ALL SELECT modified_at FROM gateway.delivery_bytes WHERE delivery = $1 AND path = $2 AND sha256 = $3) AS t LIMIT 1`,
    [delivery, path, sha256, modifiedAt.toISOString()],
  );
  return new Date(Number(rows[0]?.time ?? modifiedAt.getTime()));
}
