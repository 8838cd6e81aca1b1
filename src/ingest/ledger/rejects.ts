import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';

// Rejected rows of loads. `staged` is the name of a temporary table with the rows of a file as they were read: `_line`, `_byte_start`,
// `_byte_end`, and of a rejected one `_code`, `_property`, `_header`, `_message` and `_raw`; where its key could be read, its values too.

/** What of a set decides whether a row of a newer file says all that a rejected one would say. Names are columns. */
export interface RejectShape {
  readonly key: readonly string[];
  /** The column whose greater value wins; null: the newer file does. */
  readonly winner: { readonly column: string; readonly sqlType: string } | null;
  /** Columns of which an empty cell says nothing. `says`: whether staged row `s` says something of it, as SQL. */
  readonly kept: readonly { readonly column: string; readonly property: string; readonly says: string }[];
}

/** How rejected rows are kept. */
export interface KeptAs {
  readonly shape: RejectShape;
  /** They are noted by line and code alone, and wait for nobody. */
  readonly skip: boolean;
}

/** Keeps the rejected rows among the staged ones. */
export async function keepRejects(
  transaction: Transaction,
  loadId: string,
  { staged, shape, skip }: KeptAs & { readonly staged: string },
): Promise<void> {
  const kept = skip
    ? `_property, _header, _code, 'The text is not kept (onRowError: skip).', NULL, NULL::jsonb, NULL::jsonb, 'skipped', now()`
    : `_property, _header, _code, _message, _raw, ${keyOf(shape)}, ${holdsOf(shape)}, 'open', NULL::timestamptz`;
  await transaction.query(
    `INSERT INTO gateway.reject (load_id, line, byte_start, byte_end, property, header, code, message, raw_text, key, holds, state, closed_at) SELECT $1, _line, _byte_start, _byte_end, ${kept} FROM ${staged} s WHERE _code IS NOT NULL ORDER BY _line`,
    [loadId],
  );
}

/** Values of the key as texts; null: one could not be read. */
function keyOf({ key }: RejectShape): string {
  const columns = key.map((name) => `s.${quoteIdentifier(name)}`);
  const known = columns.map((column) => `${column} IS NOT NULL`).join(' AND ');
  return `CASE WHEN ${known} THEN jsonb_build_array(${columns.map((column) => `${column}::text`).join(', ')}) END`;
}

/** A cell that is at fault says something, too: it will, once it can be read. */
function holdsOf({ key, winner, kept }: RejectShape): string {
  const known = key.map((name) => `s.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  const said = kept.map(
    ({ column, property, says }) =>
      `CASE WHEN ${says} OR s._property = ${escapeText(property)} THEN ${escapeText(column)} END`,
  );
  const names = said.length === 0 ? `'[]'::jsonb` : `to_jsonb(array_remove(ARRAY[${said.join(', ')}]::text[], NULL))`;
  const greatest =
    winner === null
      ? ''
      : `, 'winner', CASE WHEN s.${quoteIdentifier(winner.column)} IS NOT NULL THEN jsonb_build_array(${escapeText(winner.sqlType)}, s.${quoteIdentifier(winner.column)}::text) END`;
  return `CASE WHEN ${known} THEN jsonb_build_object('kept', ${names}${greatest}) END`;
}

/**
 * The same in place of the former ones. Lines that somebody dismissed stay so, with his word, and those that a later load of the same bytes
 * has; what newer files closed, they close again when they are loaded again.
 */
export async function replaceRejects(
  transaction: Transaction,
  loadId: string,
  kept: KeptAs & { readonly staged: string },
): Promise<void> {
  const { rows } = await transaction.query<{ line: string | null; at: string | null; by: string | null; why: string }>(
    `DELETE FROM gateway.reject WHERE load_id = $1 RETURNING CASE WHEN state = 'dismissed' THEN line::text END AS line, closed_at::text AS at, closed_by AS by, reason AS why`,
    [loadId],
  );
  await keepRejects(transaction, loadId, kept);
  const dismissed = rows.filter(({ line }) => line !== null);
  await transaction.query(
    `UPDATE gateway.reject r SET state = 'dismissed', closed_at = d.at, closed_by = d.by, reason = d.why FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[]) AS d(line, at, by, why) WHERE r.load_id = $1 AND r.state = 'open' AND r.line = d.line`,
    [
      loadId,
      dismissed.map(({ line }) => line),
      dismissed.map(({ at }) => at),
      dismissed.map(({ by }) => by),
      dismissed.map(({ why }) => why),
    ],
  );
  await transaction.query(
    `UPDATE gateway.reject SET state = 'dismissed', closed_at = now(), closed_by_load = (SELECT max(load_id) FROM gateway.load WHERE again_of = $1 AND state = 'loaded') WHERE load_id = $1 AND state = 'open' AND EXISTS (SELECT FROM gateway.load WHERE again_of = $1 AND state = 'loaded')`,
    [loadId],
  );
}

/** The rejected rows of a load that is repeated are the new load's from now on, as far as they still are rejected. */
export async function dismissRejects(
  transaction: Transaction,
  { loadId }: { readonly loadId: string },
  by: string,
): Promise<void> {
  await transaction.query(
    `UPDATE gateway.reject SET state = 'dismissed', closed_at = now(), closed_by_load = $2, reason = 'The file was loaded again.' WHERE load_id = $1 AND state = 'open'`,
    [loadId, by],
  );
}

/** An open rejected row with its text. */
export interface OpenReject extends Record<string, unknown> {
  readonly line: string;
  readonly byte_start: string;
  readonly byte_end: string;
  readonly raw_text: string;
}

/** Which open rejects: by their numbers, by their code; null: all. */
export interface OnlyRejects {
  readonly ids: readonly string[] | null;
  readonly code: string | null;
}

/**
 * Those of a load whose text is whole and reads as it stood in the file: shorter than `maxRaw` characters, and no fault of its bytes or
 * quotes. `asked`: how many are open, whatever their text.
 */
export async function openRejects(
  transaction: Transaction,
  { loadId, maxRaw, only }: { readonly loadId: string; readonly maxRaw: number; readonly only: OnlyRejects },
): Promise<{ readonly asked: number; readonly rejects: readonly OpenReject[] }> {
  const { rows } = await transaction.query<OpenReject & { readonly whole: boolean }>(
    `SELECT line::text, byte_start::text, byte_end::text, raw_text, coalesce(code NOT IN ('NUL_CHARACTER', 'INVALID_ENCODING', 'RECORD_TOO_LARGE', 'QUOTE_IN_UNQUOTED_FIELD') AND length(raw_text) < $2, false) AS whole FROM gateway.reject WHERE load_id = $1 AND state = 'open' AND ($3::bigint[] IS NULL OR reject_id = ANY($3)) AND ($4::text IS NULL OR code = $4) ORDER BY line FOR UPDATE`,
    [loadId, maxRaw, only.ids, only.code],
  );
  return { asked: rows.length, rejects: rows.filter(({ whole }) => whole) };
}

/**
 * Rejected rows of a load that hide what it holds: open ones, and those that somebody dismissed or that were skipped, since nobody
 * read them to their end. Of one that a newer file closed the stored row is that file's, and stays whatever this load removes.
 */
export async function countHiding(transaction: Transaction, loadId: string): Promise<number> {
  const { rows } = await transaction.query<{ n: string }>(
    `SELECT count(*)::text AS n FROM gateway.reject WHERE load_id = $1 AND state IN ('open', 'dismissed', 'skipped')`,
    [loadId],
  );
  return Number(rows[0]?.n);
}

/** Closes those that are accepted among the staged rows, and notes the keys of the others; resolves to how many are closed. */
export async function closeReplayed(
  transaction: Transaction,
  loadId: string,
  { staged, shape }: { readonly staged: string; readonly shape: RejectShape },
): Promise<number> {
  const { rowCount } = await transaction.query(
    `UPDATE gateway.reject r SET state = 'replayed', closed_at = now() FROM ${staged} s WHERE r.load_id = $1 AND r.state = 'open' AND r.line = s._line AND s._code IS NULL`,
    [loadId],
  );
  await transaction.query(
    `UPDATE gateway.reject r SET key = ${keyOf(shape)}, holds = ${holdsOf(shape)}, code = s._code, property = s._property, header = s._header, message = s._message FROM ${staged} s WHERE r.load_id = $1 AND r.state = 'open' AND r.line = s._line AND s._code IS NOT NULL`,
    [loadId],
  );
  return rowCount;
}

/** Whether any load has an open reject with a known key: where none has, no file can bring its row. */
export async function anyOpenWithKey(transaction: Transaction): Promise<boolean> {
  const { rowCount } = await transaction.query(
    `SELECT FROM gateway.reject WHERE state = 'open' AND key IS NOT NULL LIMIT 1`,
  );
  return rowCount > 0;
}

/** Loads of a set that have open rejects with a known key. */
export interface LoadWithRejects extends Record<string, unknown> {
  readonly load_id: string;
  readonly source: string;
  readonly export: string;
  readonly header: string;
}

/** Those of files before a load: `later` are loads of its own time that come after it. `writers`: source and export of all that write the set. */
export async function earlierWithRejects(
  transaction: Transaction,
  file: { readonly loadId: string; readonly fileTime: string; readonly later: readonly string[] },
  writers: { readonly sources: readonly string[]; readonly exports: readonly string[] },
): Promise<readonly LoadWithRejects[]> {
  const { rows } = await transaction.query<LoadWithRejects>(
    `SELECT l.load_id::text, l.source, l.export, l.header::text FROM gateway.load l JOIN unnest($1::text[], $2::text[]) AS x(source, export) USING (source, export)
      WHERE l.state = 'loaded' AND l.header IS NOT NULL AND l.load_id <> $3 AND (l.file_time < $4 OR (l.file_time = $4 AND l.load_id <> ALL($5)))
        AND l.load_id IN (SELECT load_id FROM gateway.reject WHERE state = 'open' AND key IS NOT NULL)`,
    [writers.sources, writers.exports, file.loadId, file.fileTime, file.later],
  );
  return rows;
}

/** Closes open rejects of these loads whose key an accepted row among the staged ones has, where that says all that they would. */
export async function closeSuperseded(
  transaction: Transaction,
  loads: readonly string[],
  { loadId, staged, shape }: { readonly loadId: string; readonly staged: string; readonly shape: RejectShape },
): Promise<number> {
  const same = shape.key.map((name, index) => `s.${quoteIdentifier(name)}::text = r.key ->> ${index}`);
  const said = shape.kept.map(({ column, says }) => `(NOT r.holds -> 'kept' ? ${escapeText(column)} OR ${says})`);
  const { rowCount } = await transaction.query(
    `UPDATE gateway.reject r SET state = 'superseded', closed_at = now(), closed_by_load = $2 FROM ${staged} s WHERE r.load_id = ANY($1::bigint[]) AND r.state = 'open' AND jsonb_array_length(r.key) = ${shape.key.length} AND s._code IS NULL AND ${[...same, ...said, ...notLess(shape)].join(' AND ')}`,
    [loads, loadId],
  );
  return rowCount;
}

/** A value of another type than the column has now is no reason to wait: the newer file decides. */
function notLess({ winner }: RejectShape): readonly string[] {
  if (winner === null) {
    return [];
  }
  const value = `r.holds -> 'winner'`;
  return [
    `CASE WHEN ${value} ->> 0 = ${escapeText(winner.sqlType)} THEN coalesce((${value} ->> 1)::${winner.sqlType} <= s.${quoteIdentifier(winner.column)}, false) ELSE true END`,
  ];
}

/** Rejected rows of a load by code. */
export async function rejectCounts(
  transaction: Transaction,
  loadId: string,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await transaction.query<{ code: string; n: number }>(
    `SELECT code, count(*)::integer AS n FROM gateway.reject WHERE load_id = $1 GROUP BY code ORDER BY code`,
    [loadId],
  );
  return Object.fromEntries(rows.map(({ code, n }) => [code, n]));
}
