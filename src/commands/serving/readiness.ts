import type { Health, StandbyHealth, UnreadyPart } from '../../http/operations/health.ts';
import type { Database } from '../../warehouse/database.ts';
import type { ProbeFinding } from '../../warehouse/database-probe.ts';

/** Milliseconds that an answer holds: however many ask, PostgreSQL is asked once a second. */
const holds = 1000;

/** Whether the program serves: what it says of itself, and beyond that what a look at the database finds. */
export class Readiness implements Health {
  readonly #clock: () => number;
  #state: 'starting' | 'serving' | 'stopping' = 'starting';
  #look: () => Promise<ProbeFinding> = async () => 'database';
  #database: Pick<Database, 'occupancy'> | null = null;
  #found: { readonly at: number; readonly finding: Promise<ProbeFinding> } | null = null;

  /** `clock`: milliseconds of a clock that only goes forward; given by tests. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** The feed answers from now on; `look` never throws. */
  serves(look: () => Promise<ProbeFinding>): void {
    this.#look = look;
    this.#state = this.#state === 'stopping' ? 'stopping' : 'serving';
  }

  /** Its standbys are told of from now on. */
  reads(database: Pick<Database, 'occupancy'>): void {
    this.#database = database;
  }

  standbys(): readonly StandbyHealth[] | null {
    const statuses = this.#database?.occupancy().standbys;
    return (
      statuses?.map(({ state, lag }) => ({
        ...{ state, lagBytes: lag?.bytes ?? null },
        // Longer than anybody has watched is no number.
        lagSeconds: lag !== null && Number.isFinite(lag.seconds) ? lag.seconds : null,
      })) ?? null
    );
  }

  /** It ends: whoever sends requests here should send them elsewhere. */
  stops(): void {
    this.#state = 'stopping';
  }

  /** Whether it was told to end. */
  get isStopping(): boolean {
    return this.#state === 'stopping';
  }

  async unready(): Promise<UnreadyPart | null> {
    const finding = this.#state === 'serving' ? await this.#finding() : 'ok';
    // It may have been told to stop meanwhile.
    if (this.#state !== 'serving') {
      return this.#state;
    }
    return finding === 'ok' ? null : finding;
  }

  #finding(): Promise<ProbeFinding> {
    const now = this.#clock();
    if (this.#found !== null && now - this.#found.at < holds) {
      return this.#found.finding;
    }
    const finding = this.#look();
    this.#found = { at: now, finding };
    return finding;
  }
}
