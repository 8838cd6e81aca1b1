import type { Database } from './database.ts';

/** A kept sign-in, as `upstream/sign-in` knows it: milliseconds since 1970. */
interface Kept {
  readonly generation: string;
  readonly client: string;
  readonly seed: string | null;
  readonly sealed: Buffer;
  readonly signedInAt: number;
  readonly refreshedAt: number;
  readonly endsAt: number;
  readonly ended: string | null;
}

/**
 * Sign-ins at proxied feeds in `gateway.sign_in`, as `upstream/sign-in/sign-in-store.ts` asks for them. Each call is one statement that is committed when it
 * resolves. A generation is never given twice, so what is kept in place of one is kept in place of that one alone.
 */
export function signInStore(database: Database) {
  return {
    async read(source: string): Promise<Kept | null> {
      const { rows } = await database.query<Kept & Record<string, unknown>>(
        `SELECT generation::text, client, seed, sealed, ended, ${milliseconds('signed_in_at', 'signedInAt')},
                ${milliseconds('refreshed_at', 'refreshedAt')}, ${milliseconds('ends_at', 'endsAt')}
           FROM gateway.sign_in WHERE source = $1`,
        [source],
      );
      return rows[0] ?? null;
    },

    async keep(source: string, kept: Omit<Kept, 'generation'>, before: string | null | 'any'): Promise<string | null> {
      const { client, seed, sealed, signedInAt, refreshedAt, endsAt } = kept;
      const { rows } = await database.query<{ generation: string }>(
        `INSERT INTO gateway.sign_in AS s (source, client, seed, sealed, signed_in_at, refreshed_at, ends_at)
         SELECT $1, $2, $3, $4, to_timestamp($5 / 1000.0), to_timestamp($6 / 1000.0), to_timestamp($7 / 1000.0)
         ON CONFLICT (source) DO UPDATE SET generation = DEFAULT, client = excluded.client, seed = excluded.seed, sealed = excluded.sealed,
           signed_in_at = excluded.signed_in_at, refreshed_at = excluded.refreshed_at, ends_at = excluded.ends_at, ended = NULL, ended_at = NULL
           WHERE $8 = 'any' OR s.generation::text = $8
         RETURNING generation::text`,
        [source, client, seed, sealed, signedInAt, refreshedAt, endsAt, before],
      );
      return rows[0]?.generation ?? null;
    },

    async announce(source: string): Promise<void> {
      await database.query(`UPDATE gateway.sign_in SET announced_at = now() WHERE source = $1`, [source]);
    },

    async end(source: string, generation: string, reason: string): Promise<void> {
      await database.query(
        `UPDATE gateway.sign_in SET ended = $3, ended_at = now() WHERE source = $1 AND generation::text = $2 AND ended IS NULL`,
        [source, generation, reason],
      );
    },

    async forget(source: string): Promise<boolean> {
      const { rowCount } = await database.query(`DELETE FROM gateway.sign_in WHERE source = $1`, [source]);
      return rowCount > 0;
    },

    exclusively<T>(source: string, work: () => Promise<T>): Promise<T | null> {
      return database.exclusively(`gateway.sign-in.${source}`, work);
    },
  };
}

const milliseconds = (column: string, name: string): string =>
  `(extract(epoch FROM ${column}) * 1000)::double precision AS "${name}"`;

/** How a sign-in goes, for those who look after the gateway. */
export interface SignInState {
  readonly source: string;
  /** Day on which it is expected to end, ISO 8601. */
  readonly endsOn: string;
  /** Whole days until then; negative: it should have ended. */
  readonly days: number;
  /** Why the server does not accept it any more, and since when; null: it does. */
  readonly ended: string | null;
  readonly endedAt: string | null;
}

/** All sign-ins that are kept, by source. */
export async function signInStates(asker: Pick<Database, 'query'>): Promise<readonly SignInState[]> {
  const { rows } = await asker.query<SignInState & Record<string, unknown>>(
    `SELECT source, to_char(ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS "endsOn", floor(extract(epoch FROM ends_at - now()) / 86400)::integer AS days,
            ended, to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "endedAt"
       FROM gateway.sign_in ORDER BY source`,
  );
  return rows;
}

/** Days before the expected end from which on somebody is told. */
export const signInNoticeDays = 14;
