import type { Transaction } from '../../warehouse/database.ts';

// Rejected rows of loads. `staged` is the name of a temporary table with the rows of a file as they were read: `_line`, `_byte_start`,
// `_byte_end`, and of a rejected one `_code`, `_property`, `_header`, `_message` and `_raw`.

/** Keeps the rejected rows among the staged ones. */
export async function keepRejects(transaction: Transaction, loadId: string, staged: string): Promise<void> {
  await transaction.query(
    `INSERT INTO gateway.reject (load_id, line, byte_start, byte_end, property, header, code, message, raw_text) SELECT $1, _line, _byte_start, _byte_end, _property, _header, _code, _message, _raw FROM ${staged} WHERE _code IS NOT NULL ORDER BY _line`,
    [loadId],
  );
}

/** The same in place of the former ones; lines that somebody dismissed, or that a later load of the same bytes has, stay so. */
export async function replaceRejects(transaction: Transaction, loadId: string, staged: string): Promise<void> {
  const { rows } = await transaction.query<{ line: string }>(
    `DELETE FROM gateway.reject WHERE load_id = $1 RETURNING CASE WHEN state = 'dismissed' THEN line::text END AS line`,
    [loadId],
  );
  await keepRejects(transaction, loadId, staged);
  await transaction.query(
    `UPDATE gateway.reject SET state = 'dismissed' WHERE load_id = $1 AND (line = ANY($2::bigint[]) OR EXISTS (SELECT FROM gateway.load WHERE again_of = $1 AND state = 'loaded'))`,
    [loadId, rows.flatMap(({ line }) => line ?? [])],
  );
}

/** The rejected rows of a load that is repeated are the new load's from now on, as far as they still are rejected. */
export async function dismissRejects(transaction: Transaction, { loadId }: { readonly loadId: string }): Promise<void> {
  await transaction.query(`UPDATE gateway.reject SET state = 'dismissed' WHERE load_id = $1 AND state = 'open'`, [
    loadId,
  ]);
}

/** An open rejected row with its text. */
export interface OpenReject extends Record<string, unknown> {
  readonly line: string;
  readonly byte_start: string;
  readonly byte_end: string;
  readonly raw_text: string;
}

/** Those of a load whose text is whole and reads as it stood in the file: shorter than `maxRaw` characters, and no fault of its bytes or quotes. */
export async function openRejects(
  transaction: Transaction,
  loadId: string,
  maxRaw: number,
): Promise<readonly OpenReject[]> {
  const { rows } = await transaction.query<OpenReject>(
    `SELECT line::text, byte_start::text, byte_end::text, raw_text FROM gateway.reject WHERE load_id = $1 AND state = 'open' AND code NOT IN ('NUL_CHARACTER', 'INVALID_ENCODING', 'RECORD_TOO_LARGE', 'QUOTE_IN_UNQUOTED_FIELD') AND length(raw_text) < $2 ORDER BY line FOR UPDATE`,
    [loadId, maxRaw],
  );
  return rows;
}

export async function countOpen(transaction: Transaction, loadId: string): Promise<number> {
  const { rows } = await transaction.query<{ n: string }>(
    `SELECT count(*)::text AS n FROM gateway.reject WHERE load_id = $1 AND state = 'open'`,
    [loadId],
  );
  return Number(rows[0]?.n);
}

/** Closes those that are accepted among the staged rows; resolves to how many these are. */
export async function closeReplayed(transaction: Transaction, loadId: string, staged: string): Promise<number> {
  const { rowCount } = await transaction.query(
    `UPDATE gateway.reject r SET state = 'replayed' FROM ${staged} s WHERE r.load_id = $1 AND r.state = 'open' AND r.line = s._line AND s._code IS NULL`,
    [loadId],
  );
  return rowCount;
}
