import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** Which rejected rows are meant; what is absent does not matter. */
export interface RejectFilter {
  readonly ids?: readonly string[];
  readonly loadId?: string;
  readonly source?: string;
  readonly export?: string;
  readonly code?: string;
  /** `all`: whatever became of them. Default: those that are open. */
  readonly state?: RejectState | 'all';
}

export const rejectStates = ['open', 'replayed', 'superseded', 'dismissed', 'skipped'] as const;
export type RejectState = (typeof rejectStates)[number];

/** Rejected rows of one export that are at fault in the same way. Counts are digits, times ISO 8601 in UTC. */
export interface RejectGroup extends Record<string, unknown> {
  readonly source: string;
  readonly export: string;
  readonly code: string;
  readonly property: string | null;
  readonly header: string | null;
  readonly state: RejectState;
  readonly rows: string;
  readonly loads: string;
  readonly first_seen: string;
  readonly last_seen: string;
}

/** A rejected row; `raw_text` where it was asked for. */
export interface RejectedRow extends Record<string, unknown> {
  readonly reject_id: string;
  readonly load_id: string;
  readonly source: string;
  readonly export: string;
  readonly file_name: string;
  readonly line: string | null;
  readonly byte_start: string | null;
  readonly byte_end: string | null;
  readonly code: string;
  readonly property: string | null;
  readonly header: string | null;
  readonly message: string;
  readonly state: RejectState;
  readonly seen_at: string;
  readonly closed_at: string | null;
  readonly closed_by: string | null;
  readonly closed_by_load: string | null;
  readonly reason: string | null;
  readonly key_known: boolean;
  readonly raw_text?: string | null;
}

const utc = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

const from = `gateway.reject r JOIN gateway.load l USING (load_id)`;

const where = `($1::bigint[] IS NULL OR r.reject_id = ANY($1)) AND ($2::bigint IS NULL OR r.load_id = $2) AND ($3::text IS NULL OR l.source = $3) AND ($4::text IS NULL OR l.export = $4) AND ($5::text IS NULL OR r.code = $5) AND ($6::text IS NULL OR r.state = $6)`;

function valuesOf({ ids, loadId, source, export: name, code, state = 'open' }: RejectFilter): readonly unknown[] {
  return [ids ?? null, loadId ?? null, source ?? null, name ?? null, code ?? null, state === 'all' ? null : state];
}

/** Rejected rows by what is wrong with them, those of which there are most first. */
export async function rejectGroups(asker: Asker, filter: RejectFilter): Promise<readonly RejectGroup[]> {
  const { rows } = await asker.query<RejectGroup>(
    `SELECT l.source, l.export, r.code, r.property, r.header, r.state, count(*)::text AS rows, count(DISTINCT r.load_id)::text AS loads, ${utc('min(l.started_at)')} AS first_seen, ${utc('max(l.started_at)')} AS last_seen
       FROM ${from} WHERE ${where} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY count(*) DESC, 1, 2, 3, 4`,
    valuesOf(filter),
  );
  return rows;
}

/** Rejected rows one by one, the newest first. */
export async function rejectedRows(
  asker: Asker,
  filter: RejectFilter,
  { limit, raw }: { readonly limit: number; readonly raw: boolean },
): Promise<readonly RejectedRow[]> {
  const { rows } = await asker.query<RejectedRow>(
    `SELECT r.reject_id::text, r.load_id::text, l.source, l.export, l.file_name, r.line::text, r.byte_start::text, r.byte_end::text, r.code, r.property, r.header, r.message, r.state,
            ${utc('l.started_at')} AS seen_at, ${utc('r.closed_at')} AS closed_at, r.closed_by, r.closed_by_load::text, r.reason, r.key IS NOT NULL AS key_known${raw ? ', r.raw_text' : ''}
       FROM ${from} WHERE ${where} ORDER BY r.reject_id DESC LIMIT $7`,
    [...valuesOf(filter), limit],
  );
  return rows;
}

/** By whose word something is closed. */
export interface Word {
  readonly by: string;
  readonly reason: string;
}

/** Closes open rejected rows by a person's word. Nothing else changes: what their load could not remove stays. */
export async function dismiss(asker: Asker, filter: RejectFilter, { by, reason }: Word): Promise<number> {
  const { rowCount } = await asker.query(
    `UPDATE gateway.reject SET state = 'dismissed', closed_at = now(), closed_by = $7, reason = $8 WHERE reject_id IN (SELECT r.reject_id FROM ${from} WHERE ${where})`,
    [...valuesOf({ ...filter, state: 'open' }), by, reason],
  );
  return rowCount;
}

/** Opens again what a person dismissed, or what newer files closed where it is named; not what another load of the same file has. */
export async function reopen(asker: Asker, filter: RejectFilter): Promise<number> {
  const { rowCount } = await asker.query(
    `UPDATE gateway.reject SET state = 'open', closed_at = NULL, closed_by = NULL, closed_by_load = NULL, reason = NULL WHERE reject_id IN (SELECT r.reject_id FROM ${from} WHERE ${where} AND (r.state = 'dismissed' AND r.closed_by IS NOT NULL OR r.state = 'superseded' AND $1::bigint[] IS NOT NULL))`,
    valuesOf({ ...filter, state: 'all' }),
  );
  return rowCount;
}
