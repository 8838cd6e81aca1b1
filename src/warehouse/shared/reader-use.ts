import type { Database } from '../database.ts';
import { livingInstance } from './instances.ts';

/** What one gateway has seen of a reader since it last said so. */
export interface ReaderUse {
  readonly reader: string;
  readonly requests: number;
  readonly rows: number;
  /** Requests that it is answering now. */
  readonly active: number;
}

/** What a reader has at all gateways together. */
export interface ReaderTotal {
  readonly reader: string;
  /** Requests that may come at once; negative: so many came too many. */
  readonly tokens: number;
  /** Of this day of UTC. */
  readonly rows: number;
  /** Requests that other gateways are answering. */
  readonly elsewhere: number;
}

type Asker = Pick<Database, 'query'>;

/** Adds what was used and gives what it comes to, in one statement. `perMinute`: requests a minute; 0: they are not limited. */
export async function addReaderUse(
  database: Asker,
  uses: readonly ReaderUse[],
  { instance, perMinute }: { readonly instance: string; readonly perMinute: number },
): Promise<readonly ReaderTotal[]> {
  const { rows } = await database.query<{ reader: string; tokens: number; rows: string; elsewhere: number }>(
    `WITH mine AS (
       SELECT reader, requests, rows, active, (clock_timestamp() AT TIME ZONE 'UTC')::date AS day
         FROM unnest($1::text[], $2::double precision[], $3::bigint[], $4::integer[]) AS m(reader, requests, rows, active)
     ), used AS (
       INSERT INTO gateway.reader_use AS u (reader, tokens, day, rows)
       SELECT reader, $5::double precision - requests, day, rows FROM mine ORDER BY reader
       ON CONFLICT (reader) DO UPDATE SET
         tokens = GREATEST(-$5::double precision,
           LEAST($5::double precision, u.tokens + extract(epoch FROM clock_timestamp() - u.counted_at)::double precision * $5::double precision / 60) + excluded.tokens - $5::double precision),
         counted_at = clock_timestamp(), day = excluded.day,
         rows = CASE WHEN u.day = excluded.day THEN u.rows ELSE 0 END + excluded.rows
       RETURNING reader, tokens, rows
     ), working AS (
       INSERT INTO gateway.reader_active (reader, instance_id, active)
       SELECT reader, $6, active FROM mine ORDER BY reader
       ON CONFLICT (reader, instance_id) DO UPDATE SET active = excluded.active
     )
     SELECT used.reader, used.tokens, used.rows::text AS rows,
            coalesce((SELECT sum(a.active) FROM gateway.reader_active a JOIN gateway.instance i USING (instance_id)
                       WHERE a.reader = used.reader AND a.instance_id <> $6 AND i.${livingInstance}), 0)::integer AS elsewhere
       FROM used`,
    [
      uses.map(({ reader }) => reader),
      uses.map(({ requests }) => requests),
      uses.map((use) => use.rows),
      uses.map(({ active }) => active),
      ...[perMinute, instance],
    ],
  );
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }));
}

/**
 * Notes that a request is refused for so many seconds. True: it is not, since it came again when told for `most` times already, and `mayPass`.
 */
export async function noteRefusal(
  database: Asker,
  key: string,
  of: { readonly seconds: number; readonly most: number; readonly mayPass: boolean },
): Promise<boolean> {
  const { rows } = await database.query<{ passes: boolean }>(
    `WITH passing AS (
       DELETE FROM gateway.reader_refusal WHERE request_key = $1 AND $4 AND times >= $3 AND due_at <= clock_timestamp() RETURNING request_key
     ), refused AS (
       INSERT INTO gateway.reader_refusal AS r (request_key, due_at, times)
       SELECT $1, clock_timestamp() + make_interval(secs => $2), 1 WHERE NOT EXISTS (SELECT FROM passing)
       ON CONFLICT (request_key) DO UPDATE SET times = r.times + (r.due_at <= clock_timestamp())::integer, due_at = excluded.due_at
     )
     SELECT EXISTS (SELECT FROM passing) AS passes`,
    [key, of.seconds, of.most, of.mayPass],
  );
  return rows[0]?.passes === true;
}

/** It was let in. */
export async function forgetRefusal(database: Asker, key: string): Promise<void> {
  await database.query('DELETE FROM gateway.reader_refusal WHERE request_key = $1', [key]);
}

/** Removes what counts for nothing any more. */
export async function pruneReaderUse(database: Asker): Promise<void> {
  await database.query(
    `WITH refusals AS (DELETE FROM gateway.reader_refusal WHERE due_at < clock_timestamp() - interval '1 hour'),
          idle AS (DELETE FROM gateway.reader_active WHERE active = 0)
     DELETE FROM gateway.reader_use WHERE day < (clock_timestamp() AT TIME ZONE 'UTC')::date AND counted_at < clock_timestamp() - interval '1 hour'`,
  );
}
