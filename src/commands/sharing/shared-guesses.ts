import { createHash } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import { guessRate, type SharedGuesses } from '../../sign-in/password/guess-brake.ts';
import type { Database } from '../../warehouse/database.ts';
import { giveGuessBack, spentGuesses, takeGuess } from '../../warehouse/shared/guesses.ts';
import type { Beat } from './beat.ts';

/** Guesses that ask PostgreSQL at once, and that wait for it: whoever floods the gateway with names takes two of its connections. */
const [asking, waiting] = [2, 64];

interface Seen {
  readonly left: number;
  /** Of `performance.now`. */
  readonly at: number;
}

/** Counts of guesses in the database, while other gateways are there; what is spent elsewhere is known here with the next beat. */
export function shareGuesses(database: Database, beat: Beat): SharedGuesses {
  const seen = new Map<string, Seen>();
  const turns: (() => void)[] = [];
  let asked = 0;
  const note = (key: string, left: number): void => void seen.set(key, { left, at: performance.now() });
  const leftNow = ({ left, at }: Seen): number =>
    Math.min(guessRate.atOnce, left + (performance.now() - at) / guessRate.between);
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (asked >= asking) {
      if (turns.length >= waiting) {
        throw new GatewayError('SignInUnavailable', 'Too many passwords are being checked now', { retryAfter: 5 });
      }
      await new Promise<void>((resolve) => turns.push(resolve));
    }
    asked += 1;
    try {
      return await work();
    } finally {
      asked -= 1;
      turns.shift()?.();
    }
  };
  beat.add(async (others) => {
    for (const [key, one] of seen) {
      if (leftNow(one) >= guessRate.atOnce) {
        seen.delete(key);
      }
    }
    if (others > 0) {
      for (const { key, left } of await spentGuesses(database, guessRate)) {
        note(key, left);
      }
    }
  });
  return {
    get shares() {
      return beat.others > 0;
    },
    left: (key) => {
      const one = seen.get(digest(key));
      return one === undefined ? guessRate.atOnce : leftNow(one);
    },
    take: (key) =>
      inTurn(async () => {
        const name = digest(key);
        // While PostgreSQL is away each gateway counts for itself.
        const found = await takeGuess(database, name, guessRate).catch(() => null);
        if (found !== null) {
          note(name, found.left);
        }
        return found?.taken !== false;
      }),
    giveBack: async (key) => {
      const name = digest(key);
      await giveGuessBack(database, name, guessRate).catch(() => {});
      const one = seen.get(name);
      if (one !== undefined) {
        note(name, leftNow(one) + 1);
      }
    },
  };
}

/** Whoever mistypes his password as his name does not find it in a table. */
const digest = (key: string): string => createHash('sha256').update(key).digest('base64url');
