import { GatewayError } from '../../errors.ts';
import type { Weighed } from '../database.ts';
import { type Estimate, isHopeless, KnownWeights, weightOf } from './estimate.ts';
import { Turns } from './turns.ts';

export interface AdmissionLimits {
  /** Reads of pages that work at once. */
  readonly pages: number;
  /** Long statements that run at once. */
  readonly long: number;
  /** Pages that hold a connection: those that work, and those whose client is slow. */
  readonly connections: number;
  /** Reads that may wait for their turn; more are told to come again. */
  readonly waiting: number;
  /** Milliseconds that a read taken for a light one may keep PostgreSQL busy before it has to wait for its turn as others do. */
  readonly lightTime: number;
}

/** Leave to work. */
export interface Admitted {
  /** Milliseconds of PostgreSQL's time after which it was no light read after all; null: no such limit. */
  readonly lightTime: number | null;
  /** The client is slow: others may work meanwhile. */
  pause(): void;
  /** Throws the signal's reason when that aborts while others work. */
  resume(signal: AbortSignal): Promise<void>;
  /** Call once at the end, also of a paused one. */
  leave(): void;
}

export interface Admission {
  readonly weighed: Weighed | null;
  readonly signal: AbortSignal;
  /** Milliseconds that PostgreSQL may work on it. */
  readonly timeout: number;
  /** Asks PostgreSQL; null: it does not say. */
  estimate(statements: readonly string[]): Promise<Estimate | null>;
}

const light = (lightTime: number | null): Admitted => ({
  lightTime,
  pause: () => {},
  resume: async () => {},
  leave: () => {},
});

/**
 * Who may read now. Light reads never wait here. Pages of rows wait in a queue of their own, and long statements in another,
 * each in the order in which they came; a few of each run at once. So connections and processor time stay for the light
 * ones, and the heavy ones are done sooner than if they all ran at once. What a read is, its shape says, or PostgreSQL's
 * estimate where somebody would have to wait.
 *
 * Nothing waits here while it holds what another one waits for: a connection is taken after a page's place, and a place
 * before its turn; long statements have turns alone.
 */
export class ReadAdmission {
  readonly #limits: AdmissionLimits;
  readonly #known: KnownWeights;
  readonly #places: Turns;
  readonly #pages: Turns;
  readonly #long: Turns;
  /** An estimate waits where a table is locked: not all connections are to wait with it. */
  readonly #estimates = new Turns(4);

  constructor(limits: AdmissionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#known = new KnownWeights(now);
    this.#places = new Turns(limits.connections);
    this.#pages = new Turns(limits.pages);
    this.#long = new Turns(limits.long);
  }

  /** How many of the heavy ones may work at once. */
  get most(): number {
    return this.#limits.pages + this.#limits.long;
  }

  /** How many of the heavy ones work. */
  get working(): number {
    return this.#pages.taken + this.#long.taken;
  }

  /** Whether a heavy one might have to wait. */
  get busy(): boolean {
    return this.working + this.waiting > 0;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#places.waiting + this.#pages.waiting + this.#long.waiting;
  }

  /** Throws GatewayError Busy when too many wait, LimitExceeded for a hopeless statement, or the signal's reason. */
  async enter(read: Admission): Promise<Admitted> {
    const { weighed, signal } = read;
    if (weighed === null) {
      return light(null);
    }
    let weight = this.#known.recall(weighed.key);
    if (weight === null) {
      const free = weighed.multiplies ? null : this.#tryPage();
      if (free !== null) {
        return free;
      }
      const estimate = weighed.statements === null ? null : await this.#estimate(read, weighed.statements);
      if (weighed.multiplies && estimate !== null && isHopeless(estimate, read.timeout)) {
        throw hopeless();
      }
      weight = estimate === null ? 'page' : weightOf(estimate);
      this.#known.keep(weighed.key, weight);
    }
    if (weight === 'light') {
      return light(this.#limits.lightTime);
    }
    return weight === 'long' ? this.#longRead(signal) : this.#page(signal);
  }

  /** For a read that was taken for a light one and took longer. */
  heavier({ weighed, signal }: Admission): Promise<Admitted> {
    if (weighed !== null) {
      this.#known.keep(weighed.key, 'page');
    }
    return this.#page(signal);
  }

  async #estimate({ estimate, signal }: Admission, statements: () => readonly string[]): Promise<Estimate | null> {
    await this.#estimates.take(signal);
    try {
      return await estimate(statements());
    } finally {
      this.#estimates.give();
    }
  }

  #tryPage(): Admitted | null {
    if (!this.#places.tryTake()) {
      return null;
    }
    if (this.#pages.tryTake()) {
      return this.#admittedPage();
    }
    this.#places.give();
    return null;
  }

  async #page(signal: AbortSignal): Promise<Admitted> {
    this.#checkQueue();
    await this.#places.take(signal);
    try {
      await this.#pages.take(signal);
    } catch (error) {
      this.#places.give();
      throw error;
    }
    return this.#admittedPage();
  }

  #admittedPage(): Admitted {
    let works = true;
    return {
      lightTime: null,
      pause: () => {
        if (works) {
          this.#pages.give();
        }
        works = false;
      },
      resume: async (signal) => {
        if (works) {
          return;
        }
        await this.#pages.take(signal, { returning: true });
        works = true;
      },
      leave: () => {
        if (works) {
          this.#pages.give();
        }
        works = false;
        this.#places.give();
      },
    };
  }

  /** It keeps its turn while its client is slow: nobody in this queue holds a connection without a turn. */
  async #longRead(signal: AbortSignal): Promise<Admitted> {
    this.#checkQueue();
    await this.#long.take(signal);
    return { ...light(null), leave: () => this.#long.give() };
  }

  #checkQueue(): void {
    const { waiting } = this;
    if (waiting < this.#limits.waiting) {
      return;
    }
    throw new GatewayError('Busy', `The gateway is busy: ${waiting} large requests are waiting for their turn`);
  }
}

function hopeless(): GatewayError {
  return new GatewayError(
    'LimitExceeded',
    'The query joins or groups so many rows that PostgreSQL could not end it within the time limit; narrow it with a filter before the join',
  );
}
