import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** A file as it lies somewhere: where below the folder of its delivery, how long, and when it was changed (milliseconds since 1970). */
export interface LyingFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** What the ledger has of a file, and as what it was taken: a person may have said so (`gateway ingest --source`). */
export interface FileEntry {
  readonly state: string;
  readonly sha256: string;
  /** `period` as `FROM..TO` in ISO 8601. */
  readonly target: { readonly source?: string; readonly export?: string; readonly period?: string };
}

/** All entries of this path, length and time, the newest first: the bytes may be other ones. */
export async function entriesOfFile(asker: Asker, file: LyingFile): Promise<readonly FileEntry[]> {
  interface Row extends Record<string, unknown> {
    readonly state: string;
    readonly sha256: string;
    readonly source: string | null;
    readonly export: string | null;
    readonly period: string | null;
  }
  const { rows } = await asker.query<Row>(
    `SELECT state, sha256, source, export, to_char(period_start AT TIME ZONE 'UTC', $4) || '..' || to_char(period_end AT TIME ZONE 'UTC', $4) AS period FROM gateway.load WHERE path = $1 AND size_bytes = $2 AND (extract(epoch FROM modified_at) * 1000)::bigint = $3 ORDER BY load_id DESC`,
    [file.path, file.bytes, file.modifiedMs, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'],
  );
  return rows.map(({ state, sha256, source, export: name, period }) => {
    if (source === null || name === null) {
      return { state, sha256, target: {} };
    }
    return { state, sha256, target: { source, export: name, ...(period === null ? {} : { period }) } };
  });
}

/** Files noted under these paths, alarms that one changed after its load left out. */
export async function notedFiles(asker: Asker, paths: readonly string[]): Promise<readonly LyingFile[]> {
  const { rows } = await asker.query<{ path: string; bytes: string; modified: string | null }>(
    `SELECT path, size_bytes::text AS bytes, (extract(epoch FROM modified_at) * 1000)::bigint::text AS modified FROM gateway.load WHERE path = ANY($1) AND outcome_code IS DISTINCT FROM 'FileChangedAfterLoad'`,
    [paths],
  );
  return rows.map(({ path, bytes, modified }) => ({
    path,
    bytes: Number(bytes),
    modifiedMs: modified === null ? Number.NaN : Number(modified),
  }));
}

/** What the ledger has of files that were taken in. */
export interface LyingEntry extends LyingFile {
  readonly sha256: string;
  readonly loadId: string;
  /** `source/export`; null: a container. */
  readonly export: string | null;
}

/** All entries under these paths by which files were taken in, the older first. */
export async function lyingEntries(asker: Asker, paths: readonly string[]): Promise<readonly LyingEntry[]> {
  interface Row extends Record<string, unknown> {
    readonly path: string;
    readonly bytes: string;
    readonly modified: string;
    readonly sha256: string;
    readonly id: string;
    readonly export: string | null;
  }
  const { rows } = await asker.query<Row>(
    `SELECT path, size_bytes::text AS bytes, (extract(epoch FROM modified_at) * 1000)::bigint::text AS modified, sha256, load_id::text AS id, source || '/' || export AS export
       FROM gateway.load WHERE path = ANY($1) AND state IN ('loaded', 'duplicate', 'unpacked') AND modified_at IS NOT NULL ORDER BY load_id`,
    [paths],
  );
  return rows.map(({ path, bytes, modified, sha256, id, export: target }) => ({
    ...{ path, sha256, loadId: id, export: target },
    bytes: Number(bytes),
    modifiedMs: Number(modified),
  }));
}

/** Whether these bytes were taken in, or refused, at any time. */
export async function wasTaken(asker: Asker, sha256: string): Promise<boolean> {
  const { rowCount } = await asker.query(
    `SELECT FROM gateway.load WHERE sha256 IN ($1, (SELECT f.sha256 FROM gateway.rewritten_file f WHERE f.former_sha256 = $1)) AND state <> 'failed' LIMIT 1`,
    [sha256],
  );
  return rowCount > 0;
}

/** Whether these bytes under this path were noted with this code: by another gateway on the same folder, or in an earlier life. */
export async function isNotedAs(
  asker: Asker,
  { path, sha256, code }: { readonly path: string; readonly sha256: string; readonly code: string },
): Promise<boolean> {
  const { rowCount } = await asker.query(
    'SELECT FROM gateway.load WHERE path = $1 AND sha256 = $2 AND outcome_code = $3 LIMIT 1',
    [path, sha256, code],
  );
  return rowCount > 0;
}
