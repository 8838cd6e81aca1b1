import type { Database, Transaction } from '../../warehouse/database.ts';
import type { Word } from './reject-work.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** An export of which files are missing. */
export interface UnfreshExport extends Record<string, unknown> {
  /** `source/export`. */
  readonly name: string;
  readonly state: 'late' | 'incomplete';
  /** When the late file was due, ISO 8601. */
  readonly due: string | null;
  readonly missing: number;
  /** Days, or other times, between commas; the last seven. */
  readonly days: string | null;
}

/** Those whose last file is not there, and those that lack an earlier one, by name. */
export async function unfreshExports(asker: Asker): Promise<readonly UnfreshExport[]> {
  const { rows } = await asker.query<UnfreshExport>(
    `SELECT "Source" || '/' || "Export" AS name, CASE WHEN "Late" THEN 'late' ELSE 'incomplete' END AS state, to_char("DueAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS due,
            "MissingDays" AS missing, substring("MissingDayList" FROM '(?:[^ ]+, ){0,6}[^ ]+$') AS days
       FROM gateway.source_freshness WHERE "Late" OR "MissingDays" > 0 ORDER BY 1`,
  );
  return rows;
}

/** Files of an export that were due until now and did not come are done with, by a person's word; resolves to whether it is expected at all. */
export async function settleMissing(
  asker: Asker,
  { source, export: name }: { readonly source: string; readonly export: string },
  word: Word | null,
): Promise<boolean> {
  const { rowCount } = await asker.query(
    `UPDATE gateway.expectation SET settled_until = CASE WHEN $3::text IS NOT NULL THEN now() END, settled_by = $3, settled_reason = $4 WHERE source = $1 AND export = $2 AND expects IS NOT NULL`,
    [source, name, word?.by ?? null, word?.reason ?? null],
  );
  return rowCount > 0;
}

/** Something wrong with the way that files come. */
export interface TroubledDelivery extends Record<string, unknown> {
  readonly kind: 'stuck-upload' | 'failed-fetch';
  /** null: the file lies in no source's folder. */
  readonly source: string | null;
  readonly delivery: string;
  /** Path of the file below the place of delivery; of a delivery whose rounds fail, a code of docs/errors.md. */
  readonly what: string;
  /** ISO 8601. */
  readonly since: string;
  readonly message: string;
}

/** Uploads that have been incomplete for too long, and deliveries whose rounds fail. */
export async function troubledDeliveries(asker: Asker): Promise<readonly TroubledDelivery[]> {
  const time = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  const { rows } = await asker.query<TroubledDelivery>(
    `SELECT 'failed-fetch' AS kind, source, delivery, error_code AS what, ${time('failing_since')} AS since, delivery || ': no round since ' || ${time('failing_since')} || ' could look at everything: ' || error_code AS message
       FROM gateway.delivery WHERE failing_since IS NOT NULL
     UNION ALL
     SELECT 'stuck-upload', nullif(split_part(delivery, '/', 1), '?'), delivery, path, ${time('first_seen_at')}, delivery || ': ' || path || ' has been incomplete since ' || ${time('first_seen_at')}
       FROM gateway.delivery_file WHERE state = 'waits' AND told_at IS NOT NULL
     ORDER BY 1, 3, 4`,
  );
  return rows;
}
