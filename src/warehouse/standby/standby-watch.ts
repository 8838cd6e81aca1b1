import type { Database, StandbyStatus } from '../database.ts';
import { logPosition, type PrimaryPositions } from './lag.ts';
import type { Lookout } from './lookout.ts';
import type { Standby } from './standby.ts';

interface StandbyWatchSettings {
  readonly standbys: readonly Standby[];
  readonly primary: Lookout;
  readonly positions: PrimaryPositions;
  /** Milliseconds between two rounds. */
  readonly every: number;
}

/** Looks at all standbys again and again, and knows which is to be asked next. */
export class StandbyWatch {
  readonly #settings: StandbyWatchSettings;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(settings: StandbyWatchSettings) {
    this.#settings = settings;
  }

  /** The usable one with the fewest reads; null: there is none, besides those that were tried. */
  pick(tried: ReadonlySet<Standby>): Standby | null {
    const usable = this.#settings.standbys.filter((standby) => standby.usable !== null && !tried.has(standby));
    return usable.reduce<Standby | null>(
      (best, standby) => (best === null || standby.running < best.running ? standby : best),
      null,
    );
  }

  get statuses(): readonly StandbyStatus[] {
    return this.#settings.standbys.map(({ status }) => status);
  }

  /** What standbys are read with, also those that are not to be asked now. */
  get opened(): readonly Database[] {
    return this.#settings.standbys.flatMap(({ opened }) => opened ?? []);
  }

  /** One look at all of them. Gives the numbers of those that are standbys of something else. Never throws. */
  async look(): Promise<readonly number[]> {
    const { standbys, primary, positions } = this.#settings;
    const from = performance.now();
    await primary
      .ask<{ position: string }>('SELECT pg_current_wal_flush_lsn()::text AS position')
      .then(({ position }) => positions.note(logPosition(position), from))
      // What it had last is known.
      .catch(() => {});
    const found = await Promise.all(standbys.map((standby) => standby.look()));
    return standbys.filter((_, index) => found[index] === 'foreign').map(({ number }) => number);
  }

  /** From now on, until it is closed. */
  start(): void {
    const { every } = this.#settings;
    const next = async (): Promise<void> => {
      await this.look();
      this.#schedule(next, every);
    };
    this.#schedule(next, every);
  }

  #schedule(next: () => Promise<void>, every: number): void {
    if (this.#closed) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#round = next();
    }, every);
    // A program that has nothing else to do ends.
    this.#timer.unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#round;
    const { standbys, primary } = this.#settings;
    await Promise.all([primary.close(), ...standbys.map((standby) => standby.close())]);
  }
}
