import type { Database } from '../database.ts';

/** How guesses are counted: as many at once, then one in so many milliseconds. */
export interface GuessRate {
  readonly atOnce: number;
  readonly between: number;
}

/** Guesses that are left to a key now; less than one: none. */
export interface CountedGuess {
  readonly key: string;
  readonly left: number;
}

const refilled = `LEAST($2::double precision, g.remaining + extract(epoch FROM clock_timestamp() - g.counted_at)::double precision * 1000 / $3::double precision)`;

/** Takes one guess in one statement that nobody comes between; `taken` false: none was left. */
export async function takeGuess(
  database: Pick<Database, 'query'>,
  key: string,
  { atOnce, between }: GuessRate,
): Promise<{ readonly taken: boolean; readonly left: number }> {
  const values = [key, atOnce, between];
  const { rows } = await database.query<{ left: number }>(
    `INSERT INTO gateway.guess AS g (guess_key, remaining) VALUES ($1, $2::double precision - 1)
     ON CONFLICT (guess_key) DO UPDATE SET remaining = ${refilled} - 1, counted_at = clock_timestamp() WHERE ${refilled} >= 1
     RETURNING remaining AS left`,
    values,
  );
  const [row] = rows;
  if (row !== undefined) {
    return { taken: true, left: row.left };
  }
  const { rows: none } = await database.query<{ left: number }>(
    `SELECT ${refilled} AS left FROM gateway.guess g WHERE guess_key = $1`,
    values,
  );
  // One may have come in between; it is the next one's.
  return { taken: false, left: Math.min(none[0]?.left ?? 0, 0.999) };
}

export async function giveGuessBack(
  database: Pick<Database, 'query'>,
  key: string,
  { atOnce, between }: GuessRate,
): Promise<void> {
  await database.query(
    `UPDATE gateway.guess g SET remaining = LEAST($2::double precision, ${refilled} + 1), counted_at = clock_timestamp() WHERE guess_key = $1`,
    [key, atOnce, between],
  );
}

/** Keys that have none left now, a thousand at most. Those that have all again are forgotten. */
export async function spentGuesses(
  database: Pick<Database, 'query'>,
  { atOnce, between }: GuessRate,
): Promise<readonly CountedGuess[]> {
  const { rows } = await database.query<{ key: string; left: number }>(
    `WITH full_again AS (DELETE FROM gateway.guess WHERE counted_at < clock_timestamp() - make_interval(secs => $1::double precision * $2::double precision / 1000))
     SELECT g.guess_key AS key, r.left FROM gateway.guess g
       CROSS JOIN LATERAL (SELECT g.remaining + extract(epoch FROM clock_timestamp() - g.counted_at)::double precision * 1000 / $2::double precision AS left) r
      WHERE r.left < 1 ORDER BY g.counted_at DESC LIMIT 1000`,
    [atOnce, between],
  );
  return rows;
}
