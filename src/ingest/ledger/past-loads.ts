import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { compareFiles } from './file-order.ts';

/** A load of the ledger, as far as doing it again needs it. */
export interface PastLoad extends Record<string, unknown> {
  readonly load_id: string;
  readonly source: string;
  readonly export: string;
  readonly file_name: string;
  readonly origin: string | null;
  readonly sha256: string;
  readonly size_bytes: string;
  /** The container that it came in, and its path in that; null: it came as it is. */
  readonly container_sha256: string | null;
  readonly container_bytes: string | null;
  readonly member: string | null;
  readonly file_time: string;
  readonly period_start: string | null;
  readonly period_end: string | null;
  readonly modified: string;
}

/** All loads into a set, in the order in which their files speak. */
export async function pastLoads(
  database: Pick<Database | Transaction, 'query'>,
  catalogue: Catalogue,
  set: string,
): Promise<readonly PastLoad[]> {
  const writing = catalogue.exports.filter((one) => one.set === set);
  const { rows } = await database.query<PastLoad>(
    `SELECT load_id::text, source, export, file_name, origin, sha256, size_bytes::text, container_sha256, container_bytes::text, member, to_char(l.file_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS file_time, period_start::text, period_end::text,
            coalesce(to_char(modified_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'), '') AS modified
       FROM gateway.load l JOIN unnest($1::text[], $2::text[]) AS x(source, export) USING (source, export) WHERE state = 'loaded'`,
    [writing.map((one) => one.source), writing.map((one) => one.name)],
  );
  const time = (a: PastLoad, b: PastLoad): number =>
    a.file_time < b.file_time ? -1 : a.file_time > b.file_time ? 1 : 0;
  return [...rows].sort((a, b) => time(a, b) || compareFiles(a, b) || Number(a.load_id) - Number(b.load_id));
}
