import type { Database, Transaction } from '../../warehouse/database.ts';
import type { Word } from './reject-work.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** A refused or failed file that waits for somebody. */
export interface OpenFile extends Record<string, unknown> {
  /** Of its newest refusal. */
  readonly load_id: string;
  readonly source: string | null;
  readonly export: string | null;
  readonly path: string;
  readonly state: 'refused' | 'failed';
  readonly code: string;
  readonly seen_at: string;
}

/** Refused and failed files that were not taken since (`gateway.open_files`), one for each path, the newest first. */
export async function openFiles(asker: Asker): Promise<readonly OpenFile[]> {
  const { rows } = await asker.query<OpenFile>(
    `SELECT load_id::text, source, export, path, state, outcome_code AS code, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS seen_at FROM gateway.open_files ORDER BY gateway.open_files.load_id DESC`,
  );
  return rows;
}

/** Closes a refused or failed file by a person's word, with earlier refusals of its path; resolves to how many. */
export async function settleFile(asker: Asker, loadId: string, { by, reason }: Word): Promise<number> {
  const { rowCount } = await asker.query(
    `UPDATE gateway.load l SET settled_at = now(), settled_by = $2, settled_reason = $3 FROM gateway.load o WHERE o.load_id = $1 AND l.path = o.path AND l.load_id <= o.load_id AND o.state IN ('refused', 'failed') AND l.state IN ('refused', 'failed') AND l.settled_at IS NULL`,
    [loadId, by, reason],
  );
  return rowCount;
}

/** Opens it again. */
export async function unsettleFile(asker: Asker, loadId: string): Promise<number> {
  const { rowCount } = await asker.query(
    `UPDATE gateway.load SET settled_at = NULL, settled_by = NULL, settled_reason = NULL WHERE load_id = $1 AND settled_at IS NOT NULL`,
    [loadId],
  );
  return rowCount;
}
