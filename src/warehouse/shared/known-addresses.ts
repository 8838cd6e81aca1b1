import type { Database } from '../database.ts';

/** That a name signed in from an address on a day, counted from 1970. */
export interface KnownAddress {
  readonly name: string;
  readonly address: string;
  readonly day: number;
}

/** Adds them; of one that is there the later day counts. Those of before `oldest` go. */
export async function noteAddresses(
  database: Pick<Database, 'query'>,
  known: readonly KnownAddress[],
  oldest: number,
): Promise<void> {
  const column = (pick: (one: KnownAddress) => unknown): readonly unknown[] => known.map(pick);
  await database.query(
    `WITH gone AS (DELETE FROM gateway.known_address WHERE day < $4)
     INSERT INTO gateway.known_address AS k (name, address, day)
     SELECT name, address, max(day) FROM unnest($1::text[], $2::text[], $3::integer[]) AS n(name, address, day)
      WHERE day >= $4 GROUP BY name, address ORDER BY name, address
     ON CONFLICT (name, address) DO UPDATE SET day = excluded.day, noted_at = clock_timestamp() WHERE k.day < excluded.day`,
    [column((one) => one.name), column((one) => one.address), column((one) => one.day), oldest],
  );
}

/** Those noted within so many seconds; null: all. */
export async function knownAddresses(
  database: Pick<Database, 'query'>,
  within: number | null,
): Promise<readonly KnownAddress[]> {
  const { rows } = await database.query<{ name: string; address: string; day: number }>(
    `SELECT name, address, day FROM gateway.known_address
      WHERE $1::double precision IS NULL OR noted_at > clock_timestamp() - make_interval(secs => $1)`,
    [within],
  );
  return rows;
}
