import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** What a run removed. */
export interface PruningNote {
  readonly sets: Readonly<Record<string, { readonly removed: number; readonly since: string }>>;
  readonly rejects: number;
  readonly files: number;
}

export async function notePruning(asker: Asker, { sets, rejects, files }: PruningNote): Promise<void> {
  const removed = Object.values(sets).reduce((sum, one) => sum + one.removed, 0);
  await asker.query(`INSERT INTO gateway.pruning (rows_removed, rejects, files, sets) VALUES ($1, $2, $3, $4)`, [
    removed,
    rejects,
    files,
    JSON.stringify(sets),
  ]);
}

/** Loads of an export, or of all of a source, whose texts are kept no longer. */
export interface OldLoads {
  readonly source: string;
  /** null: all exports. */
  readonly export: string | null;
  /** ISO text. Of an export the time that its files speak of counts, else when they were taken in. */
  readonly before: string;
}

const isOld = `l.source = $1 AND ($2::text IS NULL OR l.export = $2) AND (CASE WHEN $2::text IS NULL THEN l.started_at ELSE l.file_time END) < $3::timestamptz`;

/** How many rejected rows and samples have a text that is kept no longer. */
export async function countOldTexts(asker: Asker, { source, export: name, before }: OldLoads): Promise<number> {
  const { rows } = await asker.query<{ n: string }>(
    `SELECT ((SELECT count(*) FROM gateway.reject r JOIN gateway.load l USING (load_id) WHERE r.raw_text IS NOT NULL AND ${isOld}) + (SELECT count(*) FROM gateway.drift d JOIN gateway.load l USING (load_id) WHERE d.sample IS NOT NULL AND ${isOld}))::text AS n`,
    [source, name, before],
  );
  return Number(rows[0]?.n ?? 0);
}

/** Removes these texts: an open row without one cannot be replayed, and is dismissed. Resolves to how many there were. */
export async function removeOldTexts(asker: Asker, { source, export: name, before }: OldLoads): Promise<number> {
  const values = [source, name, before];
  const rejects = await asker.query(
    `UPDATE gateway.reject r SET raw_text = NULL, key = NULL, holds = NULL, message = r.code, state = CASE WHEN r.state = 'open' THEN 'dismissed' ELSE r.state END, closed_at = CASE WHEN r.state = 'open' THEN now() ELSE r.closed_at END, reason = CASE WHEN r.state = 'open' THEN 'Its text is kept no longer.' ELSE r.reason END FROM gateway.load l WHERE l.load_id = r.load_id AND r.raw_text IS NOT NULL AND ${isOld}`,
    values,
  );
  const samples = await asker.query(
    `UPDATE gateway.drift d SET sample = NULL FROM gateway.load l WHERE l.load_id = d.load_id AND d.sample IS NOT NULL AND ${isOld}`,
    values,
  );
  return rejects.rowCount + samples.rowCount;
}

/** Lengths of files by the path at which they lay, as the ledger has them. */
export type LengthsByPath = ReadonlyMap<string, ReadonlySet<number>>;

export interface AgedFiles {
  /** Files of the source that were taken in last before the moment asked for. */
  readonly old: LengthsByPath;
  /** Others that have a number behind their name, as a second file of a name gets one where it is put away. */
  readonly numbered: LengthsByPath;
}

/**
 * Files by how old they are, seen from `before` (ISO text). A container is of the source of its members; a file
 * of which nobody knew what it is, of the one whose folder it lay in.
 */
export async function agedFiles(
  asker: Asker,
  { source, before }: Pick<OldLoads, 'source' | 'before'>,
): Promise<AgedFiles> {
  const members = `SELECT DISTINCT container_sha256, source FROM gateway.load WHERE container_sha256 IS NOT NULL AND source IS NOT NULL`;
  const folder = `CASE WHEN l.path LIKE '%/%' THEN split_part(l.path, '/', 1) END`;
  const { rows } = await asker.query<{ path: string; bytes: string; is_old: boolean }>(
    `SELECT * FROM (
       SELECT path, size_bytes::text AS bytes, bool_and(source IS NULL OR source = $1) AND coalesce(bool_or(source = $1), false) AND max(started_at) < $2::timestamptz AS is_old
         FROM (SELECT l.path, l.size_bytes, l.started_at, coalesce(l.source, m.source, ${folder}) AS source
                 FROM gateway.load l LEFT JOIN (${members}) m ON m.container_sha256 = l.sha256 WHERE l.container_sha256 IS NULL) AS files
        GROUP BY 1, 2) f WHERE is_old OR path ~ ' \\(\\d+\\)(\\.[^./]*)?$'`,
    [source, before],
  );
  return { old: lengthsOf(rows.filter((row) => row.is_old)), numbered: lengthsOf(rows.filter((row) => !row.is_old)) };
}

function lengthsOf(rows: readonly { readonly path: string; readonly bytes: string }[]): LengthsByPath {
  const found = new Map<string, Set<number>>();
  for (const { path, bytes } of rows) {
    found.set(path, (found.get(path) ?? new Set<number>()).add(Number(bytes)));
  }
  return found;
}
