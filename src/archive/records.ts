import type { Database, Transaction } from '../warehouse/database.ts';
import type { MergedRows } from './merge-copied.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** What the ledger knows of the archive of one set. */
export interface ArchiveRecord {
  readonly set: string;
  readonly source: string;
  /** Address of the feed that the rows came from. */
  readonly feed: string;
  /** See `tenantOf`. */
  readonly tenant: string | null;
  /** See `shapeOf`. */
  readonly shape: unknown;
  /** See `lackingOf`. */
  readonly lacking: string | null;
  /** What became of personal data, by property; those that are kept are left out. */
  readonly policies: Readonly<Record<string, string>>;
  /** Rows with a point in time before it were copied. */
  readonly watermark: Date | null;
  /** All that the feed had was copied once. */
  readonly complete: boolean;
  readonly copiedAt: Date | null;
  readonly wholeAt: Date | null;
  /** Rows that the feed had when it was compared whole. */
  readonly wholeRows: number | null;
  /** How far a comparison of the whole set has come; null: none goes on. */
  readonly comparedTo: Date | null;
  readonly failing: { readonly since: Date; readonly code: string; readonly message: string } | null;
}

interface Row extends Record<string, unknown> {
  readonly entity_set: string;
  readonly source: string;
  readonly feed: string;
  readonly tenant: string | null;
  readonly shape: unknown;
  readonly lacking: string | null;
  readonly policies: Readonly<Record<string, string>>;
  readonly watermark: string | null;
  readonly complete: boolean;
  readonly copied_at: string | null;
  readonly whole_at: string | null;
  readonly whole_rows: string | null;
  readonly compared_to: string | null;
  readonly failing_since: string | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

const times = ['watermark', 'copied_at', 'whole_at', 'compared_to', 'failing_since'];
const select = `SELECT entity_set, source, feed, tenant, shape, lacking, policies, complete, whole_rows, error_code, error_message, ${times.map((name) => `${isoText(name)} AS ${name}`).join(', ')} FROM gateway.archive`;

/** A moment as ISO text, to the millisecond, as SQL. */
export function isoText(expression: string): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

const moment = (text: string | null): Date | null => (text === null ? null : new Date(text));

const recordOf = (row: Row): ArchiveRecord => ({
  set: row.entity_set,
  source: row.source,
  feed: row.feed,
  tenant: row.tenant,
  shape: row.shape,
  lacking: row.lacking,
  policies: row.policies,
  watermark: moment(row.watermark),
  complete: row.complete,
  copiedAt: moment(row.copied_at),
  wholeAt: moment(row.whole_at),
  wholeRows: row.whole_rows === null ? null : Number(row.whole_rows),
  comparedTo: moment(row.compared_to),
  failing:
    row.failing_since === null
      ? null
      : { since: new Date(row.failing_since), code: row.error_code ?? '', message: row.error_message ?? '' },
});

/** All archives that there are, by the names of their sets. */
export async function archiveRecords(asker: Asker): Promise<readonly ArchiveRecord[]> {
  const { rows } = await asker.query<Row>(`${select} ORDER BY entity_set`);
  return rows.map(recordOf);
}

export async function archiveRecord(asker: Asker, set: string): Promise<ArchiveRecord | null> {
  const { rows } = await asker.query<Row>(`${select} WHERE entity_set = $1`, [set]);
  return rows[0] === undefined ? null : recordOf(rows[0]);
}

/** What changes of a record with a copy; absent: it stays. */
export type RecordChange = Partial<
  Pick<ArchiveRecord, 'watermark' | 'complete' | 'wholeAt' | 'wholeRows' | 'comparedTo'>
>;

const columns = {
  watermark: 'watermark',
  complete: 'complete',
  wholeAt: 'whole_at',
  wholeRows: 'whole_rows',
  comparedTo: 'compared_to',
} as const satisfies Record<keyof RecordChange, string>;

/** Notes how far an archive has come, in the transaction of its rows. A copy that got there fails no longer. */
export async function noteProgress(
  asker: Asker,
  set: string,
  { change, copiedAt }: { readonly change: RecordChange; readonly copiedAt: Date | null },
): Promise<void> {
  const values: unknown[] = [set, copiedAt];
  const assigned = (Object.keys(columns) as (keyof RecordChange)[]).flatMap((name) => {
    const value = change[name];
    return value === undefined ? [] : [`${columns[name]} = $${values.push(value)}`];
  });
  assigned.push('copied_at = coalesce($2, copied_at)');
  await asker.query(`UPDATE gateway.archive SET ${assigned.join(', ')} WHERE entity_set = $1`, values);
}

/** A copy of the set ended well, or did not: `failure` says why. */
export async function noteOutcome(
  asker: Asker,
  set: string,
  failure: { readonly code: string; readonly message: string } | null,
): Promise<void> {
  await asker.query(
    `UPDATE gateway.archive SET failing_since = CASE WHEN $2::text IS NULL THEN NULL ELSE coalesce(failing_since, now()) END, error_code = $2, error_message = $3 WHERE entity_set = $1`,
    [set, failure?.code ?? null, failure?.message ?? null],
  );
}

/** One transaction of a copy, as the ledger has it. */
export interface CopyNote extends MergedRows {
  readonly copyId: string;
  readonly set: string;
  readonly kind: 'window' | 'timeless' | 'whole' | 'purged';
  readonly from: string | null;
  readonly to: string | null;
  readonly erased: number;
  readonly purged: number;
  readonly deleted: number;
}

/** The number that a copy will have in the ledger. */
export async function nextCopyId(transaction: Transaction): Promise<string> {
  const { rows } = await transaction.query<{ id: string }>(
    `SELECT nextval(pg_get_serial_sequence('gateway.archive_copy', 'copy_id'))::text AS id`,
  );
  return rows[0]?.id ?? '';
}

/** The table itself refuses counts that do not add up. */
export async function noteCopy(transaction: Transaction, note: CopyNote): Promise<void> {
  await transaction.query(
    `INSERT INTO gateway.archive_copy (copy_id, entity_set, kind, from_time, to_time, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_duplicate, rows_erased, rows_purged, rows_deleted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      ...[note.copyId, note.set, note.kind, note.from, note.to, note.read, note.inserted, note.updated],
      ...[note.unchanged, note.duplicate, note.erased, note.purged, note.deleted],
    ],
  );
}
