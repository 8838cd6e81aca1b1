import type { Database } from '../../warehouse/database.ts';

/** One load as the ledger has it, for whoever sent the file. */
export interface LoadReport {
  readonly loadId: string;
  readonly state: string;
  readonly source: string | null;
  readonly export: string | null;
  /** Path below the place of delivery. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly rows: Readonly<
    Record<'read' | 'inserted' | 'updated' | 'unchanged' | 'rejected' | 'duplicate' | 'removed', number>
  >;
  readonly removal: string | null;
  readonly message: string | null;
}

const instant = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const report = `SELECT json_build_object('loadId', load_id::text, 'state', state, 'source', source, 'export', export, 'file', path, 'sha256', sha256,
  'bytes', size_bytes, 'startedAt', ${instant('started_at')}, 'finishedAt', ${instant('finished_at')},
  'rows', json_build_object('read', rows_read, 'inserted', rows_inserted, 'updated', rows_updated, 'unchanged', rows_unchanged,
    'rejected', rows_rejected, 'duplicate', rows_duplicate, 'removed', rows_removed),
  'removal', removal, 'message', message) AS report FROM gateway.load`;

/** null: there is no such load. */
export async function loadReport(database: Database, loadId: string): Promise<LoadReport | null> {
  const { rows } = await database.query<{ report: LoadReport }>(`${report} WHERE load_id = $1`, [loadId]);
  return rows[0]?.report ?? null;
}

/** The newest load of these bytes into an export of a source; null: none was. */
export async function reportOfBytes(database: Database, source: string, sha256: string): Promise<LoadReport | null> {
  const { rows } = await database.query<{ report: LoadReport }>(
    `${report} WHERE sha256 = $1 AND source = $2 AND state = 'loaded' ORDER BY load_id DESC LIMIT 1`,
    [sha256, source],
  );
  return rows[0]?.report ?? null;
}
