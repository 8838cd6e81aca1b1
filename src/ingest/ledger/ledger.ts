import { resolve } from 'node:path';
import type { Export } from '../../catalogue/catalogue.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import type { FileFacts } from '../csv/file-facts.ts';
import type { Identification } from '../identify/identify-export.ts';
import type { Period } from '../identify/period.ts';
import { fileTime, namedTime } from '../identify/period.ts';
import type { Decisions } from '../merge/decide-rows.ts';
import { type Staged, stagingTable } from '../merge/stage-rows.ts';
import type { FileOrder } from './file-order.ts';
import type { Removal } from './removal.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** An earlier load of the same bytes. */
export interface EarlierLoad {
  readonly loadId: string;
  readonly fileName: string;
  /** ISO text of the moment it speaks of, and when the file was changed: its place among all files. */
  readonly fileTime: string;
  readonly modifiedAt: string;
}

/**
 * Whether these bytes were loaded into this export before, under any name. The same bytes say something new in two
 * cases only: they speak of another period, which is nowhere in them; or their name says a later time, and another file
 * of a time between was loaded, which these bytes take back. Of several such loads that of the file's own time is given, else the newest.
 */
export async function earlierLoad(
  asker: Asker,
  target: Export,
  { facts, period }: { readonly facts: FileFacts; readonly period: Period | null },
): Promise<EarlierLoad | null> {
  const ofFile = target.computed.some((one) => one.kind === 'period') ? period : null;
  const { rows } = await asker.query<{
    load_id: string;
    file_name: string;
    file_time: string;
    modified_at: string | null;
  }>(
    `SELECT load_id::text, file_name, file_time::text, modified_at::text FROM gateway.load l WHERE source = $1 AND export = $2 AND sha256 = $3 AND state = 'loaded'
        AND ($4::timestamptz IS NULL OR (period_start = $4 AND period_end = $5))
        AND NOT EXISTS (SELECT FROM gateway.load o WHERE o.source = $1 AND o.export = $2 AND o.state = 'loaded' AND o.sha256 <> $3
                          AND o.file_time > l.file_time AND o.file_time < $6::timestamptz)
      ORDER BY l.file_time = $7::timestamptz DESC, l.file_time DESC, l.load_id DESC LIMIT 1`,
    [
      target.source,
      target.name,
      facts.sha256,
      ofFile?.start.toISOString() ?? null,
      ofFile?.end.toISOString() ?? null,
      namedTime(target, facts.name)?.toISOString() ?? null,
      fileTime(target, facts).toISOString(),
    ],
  );
  const [row] = rows;
  if (row === undefined) {
    return null;
  }
  const { load_id: loadId, file_name: fileName, file_time: time, modified_at: modifiedAt } = row;
  return { loadId, fileName, fileTime: time, modifiedAt: modifiedAt ?? facts.modifiedAt.toISOString() };
}

/** Opens the ledger row of a load, inside its transaction. */
export async function openLoad(
  transaction: Transaction,
  load: {
    readonly facts: FileFacts;
    readonly below: string;
    readonly identified: Identification;
    readonly period: Period | null;
    readonly fileTime: string;
    /** The load that this one repeats: its name and time hold, wherever the bytes lie now. */
    readonly again: EarlierLoad | null;
  },
): Promise<string> {
  const { facts, below, identified, period, again } = load;
  const { layout, match } = identified;
  const { rows } = await transaction.query<{ load_id: string }>(
    `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, modified_at, state, removal, encoding, delimiter, period_start, period_end, file_time, header, origin, again_of)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'loaded', 'pending', $8, $9, $10, $11, $12, $13, $14, $15) RETURNING load_id::text`,
    [
      identified.export.source,
      identified.export.name,
      again?.fileName ?? facts.name,
      below,
      facts.sha256,
      facts.bytes,
      again?.modifiedAt ?? facts.modifiedAt.toISOString(),
      layout.encoding,
      layout.delimiter,
      period?.start.toISOString() ?? null,
      period?.end.toISOString() ?? null,
      load.fileTime,
      JSON.stringify(match.cells.map((cell) => cell.text)),
      resolve(facts.path),
      again?.loadId ?? null,
    ],
  );
  return rows[0]?.load_id ?? '';
}

/** Writes the counts; the table itself refuses a sum that is not the rows read. */
export async function closeLoad(
  transaction: Transaction,
  load: {
    readonly loadId: string;
    readonly staged: Staged;
    readonly decisions: Decisions;
    /** What became of rows that it does not hold. */
    readonly removal: Removal;
    /** The same in words, and what else there is to say: for people. */
    readonly removalMessage: string | null;
    readonly message: string | null;
  },
): Promise<void> {
  const { staged, decisions } = load;
  await transaction.query(
    `UPDATE gateway.load SET rows_read = $2, rows_inserted = $3, rows_updated = $4, rows_unchanged = $5, rows_rejected = $6, rows_duplicate = $7, rows_removed = $8, message = $9, removal = $10, removal_message = $11, finished_at = coalesce(finished_at, clock_timestamp()) WHERE load_id = $1`,
    [
      load.loadId,
      staged.read,
      decisions.inserted,
      decisions.updated,
      decisions.unchanged,
      staged.rejected,
      decisions.duplicate,
      decisions.removed,
      load.message,
      load.removal,
      load.removalMessage,
    ],
  );
}

/** Keeps the rejected rows of the staging table. */
export async function keepRejects(transaction: Transaction, loadId: string): Promise<void> {
  await transaction.query(
    `INSERT INTO gateway.reject (load_id, line, byte_start, byte_end, property, header, code, message, raw_text) SELECT $1, _line, _byte_start, _byte_end, _property, _header, _code, _message, _raw FROM ${stagingTable} WHERE _code IS NOT NULL ORDER BY _line`,
    [loadId],
  );
}

/** The rejected rows of a load that is repeated are the new load's from now on, as far as they still are rejected. */
export async function dismissRejects(transaction: Transaction, { loadId }: EarlierLoad): Promise<void> {
  await transaction.query(`UPDATE gateway.reject SET state = 'dismissed' WHERE load_id = $1 AND state = 'open'`, [
    loadId,
  ]);
}

/** A header that the catalogue and a file do not share. */
export interface DriftFinding {
  readonly header: string;
  readonly kind: 'unknown' | 'missing';
  readonly sample: string | null;
}

/** Keeps findings that were not known of this export; the same one every day is no news. */
export async function keepDrift(
  transaction: Transaction,
  load: { readonly loadId: string; readonly target: Export },
  findings: readonly DriftFinding[],
): Promise<void> {
  const { source, name } = load.target;
  for (const { header, kind, sample } of findings) {
    await transaction.query(
      `INSERT INTO gateway.drift (load_id, source, export, header, kind, sample) SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM gateway.drift WHERE source = $2 AND export = $3 AND header = $4 AND kind = $5)`,
      [load.loadId, source, name, header, kind, sample],
    );
  }
}

/** Why nothing of a file was loaded: a code, and the message for people. */
export type FileOutcome = {
  readonly below: string;
  readonly target: Export | null;
  readonly message: string;
} & ({ readonly state: 'duplicate' } | { readonly state: 'refused' | 'failed'; readonly code: ErrorCode });

/** Notes a file of which nothing was loaded. */
export async function noteFile(asker: Asker, facts: FileFacts, outcome: FileOutcome): Promise<string> {
  const { rows } = await asker.query<{ load_id: string }>(
    `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, modified_at, state, outcome_code, message, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp()) RETURNING load_id::text`,
    [
      outcome.target?.source ?? null,
      outcome.target?.name ?? null,
      facts.name,
      outcome.below,
      facts.sha256,
      facts.bytes,
      facts.modifiedAt.toISOString(),
      outcome.state,
      outcome.state === 'duplicate' ? null : outcome.code,
      outcome.message.replaceAll('\0', '␀'),
    ],
  );
  return rows[0]?.load_id ?? '';
}

/** Whether a newer file of the same whole period was loaded: one that may have had no rows to tell. */
export async function supersededPeriod(
  transaction: Transaction,
  target: Export,
  { period, file }: { readonly period: Period | null; readonly file: FileOrder },
): Promise<boolean> {
  if (period === null || target.write.mode !== 'restate') {
    return false;
  }
  const ofFile = new Set(target.computed.flatMap((one) => (one.kind === 'period' ? [one.property] : [])));
  if (!target.write.period.every((property) => ofFile.has(property))) {
    return false;
  }
  const { rowCount } = await transaction.query(
    `SELECT FROM gateway.load WHERE source = $1 AND export = $2 AND state = 'loaded' AND period_start = $3 AND period_end = $4 AND (file_time > $5 OR load_id = ANY($6)) LIMIT 1`,
    [target.source, target.name, period.start.toISOString(), period.end.toISOString(), file.fileTime, file.later],
  );
  return rowCount > 0;
}

/** When the first snapshot newer than this file was taken, if one was loaded already. */
export async function nextSnapshot(transaction: Transaction, target: Export, file: FileOrder): Promise<string | null> {
  if (target.write.mode !== 'snapshot') {
    return null;
  }
  const { rows } = await transaction.query<{ next: string | null }>(
    // A load that removed nothing says of no row that it is gone.
    `SELECT min(file_time)::text AS next FROM gateway.load WHERE source = $1 AND export = $2 AND state = 'loaded' AND removal = 'done' AND (file_time > $3 OR load_id = ANY($4))`,
    [target.source, target.name, file.fileTime, file.later],
  );
  return rows[0]?.next ?? null;
}
