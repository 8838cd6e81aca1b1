/** A position in the write-ahead log (`pg_lsn`) in bytes. */
export type LogPosition = bigint;

/** How far a standby is behind its primary. */
export interface Lag {
  /** Of the rows that it shows: what the primary had so many seconds ago is there. Infinity: longer than anybody has watched. */
  readonly seconds: number;
  /** Of the write-ahead log that it has not replayed. */
  readonly bytes: number;
}

/** Of the text of a `pg_lsn`, two numbers in hexadecimal digits: `16/B374D848`. */
export function logPosition(text: string): LogPosition {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

interface Sample {
  readonly at: number;
  readonly position: LogPosition;
}

/**
 * Where the primary was, and when. The clocks of two machines differ, and the time of the last replayed transaction gets old while nobody
 * writes: so time is taken here alone, and how old a standby is follows from what the primary had when.
 */
export class PrimaryPositions {
  readonly #keeps: number;
  readonly #samples: Sample[] = [];

  /** `keeps`: milliseconds that are looked back. */
  constructor(keeps: number) {
    this.#keeps = keeps;
  }

  /** `at`: milliseconds, not after the primary was asked. */
  note(position: LogPosition, at: number): void {
    this.#samples.push({ at, position });
    const old = this.#samples.findIndex((sample) => sample.at >= at - this.#keeps);
    this.#samples.splice(0, old);
  }

  /**
   * As of the last time that the primary was asked: nobody writes behind the back of one that does not answer. null: it has not said
   * anything yet.
   */
  lagAt(replayed: LogPosition): Lag | null {
    const newest = this.#samples.at(-1);
    if (newest === undefined) {
      return null;
    }
    const has = this.#samples.findLast(({ position }) => position <= replayed);
    const bytes = newest.position > replayed ? Number(newest.position - replayed) : 0;
    return { seconds: has === undefined ? Number.POSITIVE_INFINITY : (newest.at - has.at) / 1000, bytes };
  }
}
