import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/**
 * What is told of, as types of Standard Webhooks: `file.refused` (or failed), `rows.rejected` (of one load), `columns.drifted`, `rows.removed`
 * (a load removed stored rows), `file.missing` and `file.arrived`, `fetch.failed` and `fetch.restored`, `upload.stuck` and `upload.finished`, `archive.failed` (copies of a set
 * do) and `archive.restored`, `signin.missing` (nobody has signed in yet), `signin.ended` (or will soon) and `signin.restored`,
 * `access.refused` (a changed file of rules is faulty) and `access.restored`.
 */
export type AlertKind =
  | 'file.refused'
  | 'rows.rejected'
  | 'columns.drifted'
  | 'rows.removed'
  | 'file.missing'
  | 'file.arrived'
  | 'fetch.failed'
  | 'fetch.restored'
  | 'upload.stuck'
  | 'upload.finished'
  | 'archive.failed'
  | 'archive.restored'
  | 'signin.missing'
  | 'signin.ended'
  | 'signin.restored'
  | 'access.refused'
  | 'access.restored';

/** Something that somebody should know. `details` are sent as they are: no text of rows, no values of cells, no secrets. */
export interface Alert {
  readonly kind: AlertKind;
  readonly source: string | null;
  readonly export: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Notes what is to be told, in the transaction in which it happens: it is told once that is committed, or never. */
export async function raiseAlert(asker: Asker, { kind, source, export: name, details }: Alert): Promise<void> {
  await asker.query(`INSERT INTO gateway.alert (kind, source, export, details) VALUES ($1, $2, $3, $4)`, [
    kind,
    source,
    name,
    JSON.stringify(details),
  ]);
}
