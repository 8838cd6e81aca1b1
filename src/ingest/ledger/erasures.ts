import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** A digest of what a person is known by, see `ErasedToken`. */
export interface ErasedDigest {
  readonly digest: string;
  readonly sieve: number;
  readonly words: number;
}

/** All of whom a source's files are not to bring back. */
export async function erasedDigests(asker: Asker, source: string): Promise<readonly ErasedDigest[]> {
  const { rows } = await asker.query<ErasedDigest & Record<string, unknown>>(
    `SELECT DISTINCT t.digest, t.sieve, t.words FROM gateway.erased_token t JOIN gateway.erasure e USING (erasure_id) WHERE e.source IS NULL OR e.source = $1`,
    [source],
  );
  return rows;
}

/** What an erasure did. */
export interface ErasureNote {
  readonly source: string | null;
  readonly sets: Readonly<Record<string, { readonly removed: number; readonly emptied: number }>>;
  readonly rejects: number;
  readonly files: number;
  readonly digests: readonly ErasedDigest[];
}

/** Notes an erasure, without anything that tells who it was; resolves to its number. */
export async function noteErasure(transaction: Transaction, note: ErasureNote): Promise<string> {
  const counts = Object.values(note.sets);
  const { rows } = await transaction.query<{ id: string }>(
    `INSERT INTO gateway.erasure (source, rows_removed, rows_emptied, rejects, files, sets) VALUES ($1, $2, $3, $4, $5, $6) RETURNING erasure_id::text AS id`,
    [
      note.source,
      counts.reduce((sum, { removed }) => sum + removed, 0),
      counts.reduce((sum, { emptied }) => sum + emptied, 0),
      note.rejects,
      note.files,
      JSON.stringify(note.sets),
    ],
  );
  const id = rows[0]?.id ?? '';
  await transaction.query(
    `INSERT INTO gateway.erased_token (erasure_id, digest, sieve, words) SELECT $1, d, s, w FROM unnest($2::text[], $3::integer[], $4::integer[]) AS x(d, s, w)`,
    [
      id,
      note.digests.map(({ digest }) => digest),
      note.digests.map(({ sieve }) => sieve),
      note.digests.map(({ words }) => words),
    ],
  );
  return id;
}

/** How many erasures there were: what was read before another one may still hold somebody. */
export async function countErasures(asker: Asker): Promise<number> {
  const { rows } = await asker.query<{ n: string }>(`SELECT count(*)::text AS n FROM gateway.erasure`);
  return Number(rows[0]?.n ?? 0);
}

/** The last erasure, and how many milliseconds ago it was by the database's clock; null: nobody was ever erased. */
export async function newestErasure(asker: Asker): Promise<{ readonly id: string; readonly ago: number } | null> {
  const { rows } = await asker.query<{ id: string; ago: string }>(
    `SELECT erasure_id::text AS id, (extract(epoch FROM clock_timestamp() - erased_at) * 1000)::bigint::text AS ago FROM gateway.erasure ORDER BY gateway.erasure.erasure_id DESC LIMIT 1`,
  );
  const [row] = rows;
  return row === undefined ? null : { id: row.id, ago: Number(row.ago) };
}

/** A file of the ledger has other bytes from now on; whoever brings the former ones brings the same file. */
export async function noteRewrittenFile(
  transaction: Transaction,
  { former, now, bytes }: { readonly former: string; readonly now: string; readonly bytes: number },
): Promise<void> {
  await transaction.query(
    `UPDATE gateway.load SET sha256 = $2, size_bytes = $3, loaded_sha256 = coalesce(loaded_sha256, sha256) WHERE sha256 = $1`,
    [former, now, bytes],
  );
  await transaction.query(`UPDATE gateway.rewritten_file SET sha256 = $2 WHERE sha256 = $1`, [former, now]);
  await transaction.query(
    `INSERT INTO gateway.rewritten_file (former_sha256, sha256) VALUES ($1, $2) ON CONFLICT (former_sha256) DO UPDATE SET sha256 = excluded.sha256`,
    [former, now],
  );
}

/** The digests under which the ledger has files, by those that their bytes had before. */
export async function rewrittenFiles(asker: Asker): Promise<ReadonlyMap<string, string>> {
  const { rows } = await asker.query<{ former: string; now: string }>(
    `SELECT former_sha256 AS former, sha256 AS now FROM gateway.rewritten_file`,
  );
  return new Map(rows.map(({ former, now }) => [former, now]));
}

/** The source that a file with these bytes, or that had them once, is known to come from; null: none. */
export async function sourceOfFile(asker: Asker, sha256: string): Promise<string | null> {
  const { rows } = await asker.query<{ source: string | null }>(
    `SELECT source FROM gateway.load WHERE sha256 IN ($1, (SELECT f.sha256 FROM gateway.rewritten_file f WHERE f.former_sha256 = $1)) ORDER BY (state = 'loaded') DESC, load_id DESC LIMIT 1`,
    [sha256],
  );
  return rows[0]?.source ?? null;
}
