import type { Database } from './database.ts';

/** A row of `gateway.audit_event`, values as the columns have them. */
export type AuditRow = readonly [
  requestId: string,
  at: string,
  principal: string | null,
  name: string | null,
  address: string,
  method: string,
  path: string,
  query: string,
  status: number,
  errorCode: string | null,
  rows: number | null,
  bytes: number | null,
  milliseconds: number,
  client: string | null,
  agent: string,
];

const types = [
  ...['text', 'timestamptz', 'text', 'text', 'text', 'text', 'text', 'text', 'integer', 'text', 'bigint', 'bigint'],
  ...['integer', 'text', 'text'],
];

/** Adds rows, all or none. */
export async function writeAuditEvents(database: Pick<Database, 'query'>, rows: readonly AuditRow[]): Promise<void> {
  const columns = types.map((_, column) => rows.map((row) => row[column]));
  const places = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
  await database.query(
    `INSERT INTO gateway.audit_event (request_id, at, principal, name, address, method, path, query, status, error_code, rows, bytes, milliseconds, client, agent)
     SELECT * FROM unnest(${places})`,
    columns,
  );
}

/** Removes rows of before, ISO 8601. */
export async function pruneAuditEvents(database: Pick<Database, 'query'>, before: string): Promise<void> {
  await database.query('DELETE FROM gateway.audit_event WHERE at < $1::timestamptz', [before]);
}
