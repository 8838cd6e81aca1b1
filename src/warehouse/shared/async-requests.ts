import type { Database } from '../database.ts';
import { livingInstance } from './instances.ts';

/** A request that is answered later. */
export interface NotedRequest {
  /** Digest of its token. */
  readonly key: string;
  readonly owner: string | null;
  /** Whom it counts for. */
  readonly holder: string;
  /** As JSON. */
  readonly request: string;
  readonly running: boolean;
}

type Asker = Pick<Database, 'query'>;

/** Longer than any request runs. */
const running = `interval '1 day'`;

/** Adds it, once; false: the holder has `most` already. Those that have expired go. `seconds`: for which it is kept once it ended. */
export async function noteRequest(
  database: Asker,
  { key, owner, holder, request, running: runs }: NotedRequest,
  place: { readonly instance: string; readonly most: number; readonly seconds: number },
): Promise<boolean> {
  const { rowCount } = await database.query(
    `WITH gone AS (DELETE FROM gateway.async_request WHERE expires_at < clock_timestamp())
     INSERT INTO gateway.async_request AS r (request_key, owner, holder, request, made_by, running, expires_at)
     SELECT $1, $2, $3, $4::jsonb, $5, $6, clock_timestamp() + CASE WHEN $6 THEN ${running} ELSE make_interval(secs => $8) END
      WHERE (SELECT count(*) FROM gateway.async_request WHERE holder = $3 AND request_key <> $1 AND expires_at >= clock_timestamp()) < $7
     ON CONFLICT (request_key) DO UPDATE SET running = r.running AND excluded.running RETURNING request_key`,
    [key, owner, holder, request, place.instance, runs, place.most, place.seconds],
  );
  return rowCount > 0;
}

/** It runs no more where it ran, whole or not. */
export async function requestEnded(database: Asker, key: string, seconds: number): Promise<void> {
  await database.query(
    `UPDATE gateway.async_request SET running = false, expires_at = clock_timestamp() + make_interval(secs => $2) WHERE request_key = $1`,
    [key, seconds],
  );
}

/** null: there is none. `running` false: it ended, or whoever ran it is gone. */
export async function findRequest(
  database: Asker,
  key: string,
): Promise<{ readonly owner: string | null; readonly request: unknown; readonly running: boolean } | null> {
  const { rows } = await database.query<{ owner: string | null; request: unknown; running: boolean }>(
    `SELECT owner, request, running AND EXISTS (SELECT FROM gateway.instance i WHERE i.instance_id = r.made_by AND i.${livingInstance}) AS running
       FROM gateway.async_request r WHERE request_key = $1 AND expires_at >= clock_timestamp()`,
    [key],
  );
  return rows[0] ?? null;
}

/** Those of the keys that are there. */
export async function remainingRequests(database: Asker, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await database.query<{ key: string }>(
    `SELECT request_key AS key FROM gateway.async_request WHERE request_key = ANY ($1::text[]) AND expires_at >= clock_timestamp()`,
    [keys],
  );
  return new Set(rows.map(({ key }) => key));
}

/** Whether it was there. */
export async function removeRequest(database: Asker, key: string): Promise<boolean> {
  const { rowCount } = await database.query(
    `DELETE FROM gateway.async_request WHERE request_key = $1 RETURNING request_key`,
    [key],
  );
  return rowCount > 0;
}

/** Those that a gateway made, and those of gateways that are gone. */
export async function removeRequestsOf(database: Asker, instance: string): Promise<void> {
  await database.query(
    `DELETE FROM gateway.async_request WHERE made_by = $1 OR made_by NOT IN (SELECT instance_id FROM gateway.instance WHERE ${livingInstance})`,
    [instance],
  );
}
