import { resolve } from 'node:path';
import type { Export } from '../../catalogue/catalogue.ts';
import { type ErrorCode, errorCatalogue } from '../../error-catalogue.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import type { FileOrder } from './file-order.ts';
import type { Removal } from './removal.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** A file as the ledger notes it. */
export interface LedgerFile {
  /** Its name alone. */
  readonly name: string;
  /** Where it was read from on this machine: to find its bytes again, no part of the feed. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** Where its bytes are packed; absent: they are a file of their own. */
  readonly container?: InContainer;
}

/** A file inside another one: the bytes of that are what is kept. */
export interface InContainer {
  /** Where the container was read from on this machine. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Path of the member in it. */
  readonly member: string;
}

/** What a file speaks of: `start` is inside, `end` the first moment outside. */
export interface TimeSpan {
  readonly start: Date;
  readonly end: Date;
}

/** How the text of a file was read, so that its rows can be read again. */
export interface FileReading {
  readonly encoding: string;
  readonly delimiter: string;
  /** Its names as they stand there; empty: the file had none. */
  readonly header: readonly string[];
}

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
  asked: {
    readonly file: LedgerFile;
    readonly period: TimeSpan | null;
    /** When the file speaks, and the same where its name says it; null: it does not. */
    readonly fileTime: Date;
    readonly namedTime: Date | null;
  },
): Promise<EarlierLoad | null> {
  const { file, period } = asked;
  const ofFile = target.computed.some((one) => one.kind === 'period') ? period : null;
  const { rows } = await asker.query<{
    load_id: string;
    file_name: string;
    file_time: string;
    modified_at: string | null;
  }>(
    `SELECT load_id::text, file_name, file_time::text, modified_at::text FROM gateway.load l WHERE source = $1 AND export = $2 AND sha256 IN ($3, (SELECT f.sha256 FROM gateway.rewritten_file f WHERE f.former_sha256 = $3)) AND state = 'loaded'
        AND ($4::timestamptz IS NULL OR (period_start = $4 AND period_end = $5))
        AND NOT EXISTS (SELECT FROM gateway.load o WHERE o.source = $1 AND o.export = $2 AND o.state = 'loaded' AND o.sha256 <> l.sha256
                          AND o.file_time > l.file_time AND o.file_time < $6::timestamptz)
      ORDER BY l.file_time = $7::timestamptz DESC, l.file_time DESC, l.load_id DESC LIMIT 1`,
    [
      target.source,
      target.name,
      file.sha256,
      ofFile?.start.toISOString() ?? null,
      ofFile?.end.toISOString() ?? null,
      asked.namedTime?.toISOString() ?? null,
      asked.fileTime.toISOString(),
    ],
  );
  const [row] = rows;
  if (row === undefined) {
    return null;
  }
  const { load_id: loadId, file_name: fileName, file_time: time, modified_at: modifiedAt } = row;
  return { loadId, fileName, fileTime: time, modifiedAt: modifiedAt ?? file.modifiedAt.toISOString() };
}

/** Opens the ledger row of a load, inside its transaction. */
export async function openLoad(
  transaction: Transaction,
  load: {
    readonly file: LedgerFile;
    /** Path below the folder of the delivery. */
    readonly below: string;
    readonly target: Export;
    readonly reading: FileReading;
    readonly period: TimeSpan | null;
    readonly fileTime: string;
    /** The load that this one repeats: its name and time hold, wherever the bytes lie now. */
    readonly again: EarlierLoad | null;
  },
): Promise<string> {
  const { file, target, reading, period, again } = load;
  const { rows } = await transaction.query<{ load_id: string }>(
    `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, modified_at, state, removal, encoding, delimiter, period_start, period_end, file_time, header, origin, again_of, container_sha256, container_bytes, member, loaded_sha256)
     VALUES ($1, $2, $3, $4, coalesce((SELECT f.sha256 FROM gateway.rewritten_file f WHERE f.former_sha256 = $5), $5), $6, $7, 'loaded', 'pending', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, (SELECT $5 FROM gateway.rewritten_file f WHERE f.former_sha256 = $5)) RETURNING load_id::text`,
    [
      target.source,
      target.name,
      again?.fileName ?? file.name,
      load.below,
      file.sha256,
      file.bytes,
      again?.modifiedAt ?? file.modifiedAt.toISOString(),
      reading.encoding,
      reading.delimiter,
      period?.start.toISOString() ?? null,
      period?.end.toISOString() ?? null,
      load.fileTime,
      JSON.stringify(reading.header),
      resolve(file.container?.path ?? file.path),
      again?.loadId ?? null,
      ...placeInContainer(file),
    ],
  );
  return rows[0]?.load_id ?? '';
}

const placeInContainer = ({ container }: LedgerFile): readonly (string | number | null)[] => [
  container?.sha256 ?? null,
  container?.bytes ?? null,
  container?.member ?? null,
];

/** What a load says besides its counts. */
export interface LoadOutcome {
  /** What became of rows that the file does not hold. */
  readonly removal: Removal;
  /** The same in words, and what else there is to say: for people; null: nothing. */
  readonly removalMessage: string | null;
  readonly message: string | null;
}

/** Rows of a file by what became of them: `read` is the sum of the others but `removed`, which are stored rows that left with it. */
export interface LoadCounts {
  readonly read: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly duplicate: number;
  readonly removed: number;
}

/** Writes the counts; the table itself refuses a sum that is not the rows read. */
export async function closeLoad(
  transaction: Transaction,
  load: {
    readonly loadId: string;
    readonly counts: LoadCounts;
    readonly outcome: LoadOutcome;
  },
): Promise<void> {
  const { counts, outcome } = load;
  await transaction.query(
    `UPDATE gateway.load SET rows_read = $2, rows_inserted = $3, rows_updated = $4, rows_unchanged = $5, rows_rejected = $6, rows_duplicate = $7, rows_removed = $8, message = $9, removal = $10, removal_message = $11, finished_at = coalesce(finished_at, clock_timestamp()) WHERE load_id = $1`,
    [
      load.loadId,
      counts.read,
      counts.inserted,
      counts.updated,
      counts.unchanged,
      counts.rejected,
      counts.duplicate,
      counts.removed,
      outcome.message,
      outcome.removal,
      outcome.removalMessage,
    ],
  );
}

/** What became of rows that the file of a load does not hold. */
export async function removalOfLoad(asker: Asker, loadId: string): Promise<Removal> {
  const { rows } = await asker.query<{ removal: Removal }>(`SELECT removal FROM gateway.load WHERE load_id = $1`, [
    loadId,
  ]);
  return rows[0]?.removal ?? 'pending';
}

/**
 * Moves counts of a load from its rejected rows to what they came to when they were replayed. `removal`: the word for what was withheld
 * until now; null: that stays as it is. Its message goes where nothing is withheld any more.
 */
export async function addReplayed(
  transaction: Transaction,
  loadId: string,
  replayed: {
    readonly counts: Omit<LoadCounts, 'read' | 'rejected'>;
    readonly rows: number;
    readonly removal: Removal | null;
  },
): Promise<void> {
  const { counts, rows, removal } = replayed;
  await transaction.query(
    `UPDATE gateway.load SET rows_inserted = rows_inserted + $2, rows_updated = rows_updated + $3, rows_unchanged = rows_unchanged + $4, rows_duplicate = rows_duplicate + $5, rows_rejected = rows_rejected - $6, rows_removed = rows_removed + $7, removal = coalesce($8, removal), removal_message = CASE WHEN $9 THEN NULL ELSE removal_message END WHERE load_id = $1`,
    [
      loadId,
      counts.inserted,
      counts.updated,
      counts.unchanged,
      counts.duplicate,
      rows,
      counts.removed,
      removal,
      removal !== null && removal !== 'withheld-too-small',
    ],
  );
}

/** Notes how the file of a load was read when its set was made anew, and where it lay. */
export async function noteReading(
  transaction: Transaction,
  loadId: string,
  { encoding, delimiter, header, path }: FileReading & Pick<LedgerFile, 'path'>,
): Promise<void> {
  await transaction.query(
    `UPDATE gateway.load SET header = $2, encoding = $3, delimiter = $4, origin = $5 WHERE load_id = $1`,
    [loadId, JSON.stringify(header), encoding, delimiter, path],
  );
}

/** What became of a file that was not loaded as one: a code where it is at fault, and the message for people. `unpacked`: its members were. */
export type FileOutcome = {
  readonly below: string;
  readonly target: Export | null;
  /** Of a file of no known export: the source whose folder it came to, or that somebody named; absent: nobody can tell. */
  readonly source?: string | null;
  readonly message: string;
  /** Of a duplicate, what its name says: the same bytes may come for a day that nothing else came for. */
  readonly fileTime?: Date;
  readonly period?: TimeSpan | null;
} & ({ readonly state: 'duplicate' | 'unpacked' } | { readonly state: 'refused' | 'failed'; readonly code: ErrorCode });

/** Notes a file that was not loaded as one; that it was refused, or failed, is an alert. */
export async function noteFile(asker: Asker, file: LedgerFile, outcome: FileOutcome): Promise<string> {
  const insert = `INSERT INTO gateway.load (source, export, file_name, path, sha256, size_bytes, modified_at, state, outcome_code, message, container_sha256, container_bytes, member, file_time, period_start, period_end, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, clock_timestamp()) RETURNING load_id`;
  const code = 'code' in outcome ? outcome.code : null;
  // One statement, so that the alert is there with the row, or neither.
  const alert = `INSERT INTO gateway.alert (kind, source, export, details) SELECT 'file.refused', $1, $2, jsonb_build_object('load', load_id, 'file', $3::text, 'path', $4::text, 'state', $8::text, 'code', $9::text, 'remedy', $17::text) FROM noted WHERE $17::text IS NOT NULL`;
  const { rows } = await asker.query<{ load_id: string }>(
    `WITH noted AS (${insert}), told AS (${alert}) SELECT load_id::text FROM noted`,
    [
      outcome.target?.source ?? outcome.source ?? null,
      outcome.target?.name ?? null,
      file.name,
      outcome.below,
      file.sha256,
      file.bytes,
      file.modifiedAt.toISOString(),
      outcome.state,
      code,
      outcome.message.replaceAll('\0', '␀'),
      ...placeInContainer(file),
      outcome.fileTime?.toISOString() ?? null,
      outcome.period?.start.toISOString() ?? null,
      outcome.period?.end.toISOString() ?? null,
      code === null ? null : errorCatalogue[code].remedy,
    ],
  );
  return rows[0]?.load_id ?? '';
}

/** The row of a container of these bytes at this path, all members of which were taken; null: there is none. */
export async function unpackedBefore(
  asker: Asker,
  { sha256, path }: { readonly sha256: string; readonly path: string },
): Promise<string | null> {
  const { rows } = await asker.query<{ load_id: string }>(
    `SELECT load_id::text FROM gateway.load l WHERE sha256 = $1 AND path = $2 AND state = 'unpacked' ORDER BY l.load_id DESC LIMIT 1`,
    [sha256, path],
  );
  return rows[0]?.load_id ?? null;
}

/** Whether a newer file of the same whole period was loaded: one that may have had no rows to tell. */
export async function supersededPeriod(
  transaction: Transaction,
  target: Export,
  { period, file }: { readonly period: TimeSpan | null; readonly file: FileOrder },
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
