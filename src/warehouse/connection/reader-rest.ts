import { GatewayError } from '../../errors.ts';
import type { Admitted } from '../admission/admission.ts';
import type { Rest } from '../database.ts';

/** How long a read waits for a slow client, in milliseconds, all its waits together. */
export interface RestLimits {
  /** Then a page ends with a link to the next one. */
  readonly nap: number;
  /** Then a reply is broken off that cannot end so. */
  readonly endure: number;
  /** Of one wait: from then on others work. Clients that keep up wait for less. */
  readonly pause: number;
}

export const restLimits: RestLimits = { nap: 2000, endure: 30_000, pause: 50 };

/** Lets others work while the client of one read sleeps. */
export class ReaderRest implements Rest {
  readonly #admitted: Admitted;
  readonly #signal: AbortSignal;
  readonly #limits: RestLimits;
  #slept = 0;

  constructor(admitted: Admitted, signal: AbortSignal, limits: RestLimits) {
    this.#admitted = admitted;
    this.#signal = signal;
    this.#limits = limits;
  }

  nap(wait: Promise<void>): Promise<boolean> {
    return this.#wait(wait, this.#limits.nap);
  }

  async endure(wait: Promise<void>): Promise<void> {
    if (await this.#wait(wait, this.#limits.endure)) {
      return;
    }
    throw new GatewayError('SlowReader', 'The client reads so slowly that the reply was broken off');
  }

  /** False: the time is up before. */
  async #wait(wait: Promise<void>, most: number): Promise<boolean> {
    const left = most - this.#slept;
    if (left <= 0) {
      return false;
    }
    const from = performance.now();
    let paused = false;
    const pausing = setTimeout(() => {
      paused = true;
      this.#admitted.pause();
    }, this.#limits.pause);
    let over: NodeJS.Timeout | undefined;
    const up = new Promise<false>((resolve) => {
      over = setTimeout(() => resolve(false), left);
    });
    const woken = await Promise.race([wait.then(() => true), up]);
    clearTimeout(pausing);
    clearTimeout(over);
    this.#slept += performance.now() - from;
    // How long others take is not the client's fault. Who only ends the reply needs no turn for it.
    if (paused && woken) {
      await this.#admitted.resume(this.#signal);
    }
    return woken;
  }
}
