/** Whether a feed is asked: `open` is not, `half-open` tries one request. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Failures in a row after which nobody asks any more, and milliseconds that they take at least: many may fail in one moment. */
const mostFailures = 5;
const shortestTrouble = 5000;
/** Milliseconds that nobody asks: at first, and at most, when one try after the other fails. */
const firstSpan = 10_000;
const longestSpan = 120_000;

/** Milliseconds that a feed is left alone at most; what is longer comes of a clock that was set back. */
const longestHold = 600_000;

/** What is told where a feed is left alone: for how many milliseconds, and why. */
export interface LeftAlone {
  readonly wait: number;
  readonly reason: string;
}

/** How an attempt ended. `alive`: the feed answered, whatever it said; `abandoned`: the client had gone. */
export type Attempt = 'alive' | 'failed' | 'abandoned';

interface Trial {
  readonly ended: Promise<void>;
  readonly end: () => void;
}

function beginTrial(): Trial {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

/**
 * What one feed's requests have in common: after some failures in a row nobody asks for a while, instead of each client waiting
 * for a feed that is down; then one request tries, and lets the others in or not. A feed that says for how long it wants to be
 * left alone is left alone by all.
 */
export class Circuit {
  readonly #now: () => number;
  readonly #onChange: (state: CircuitState, left: LeftAlone) => void;
  #state: CircuitState = 'closed';
  #failures = 0;
  /** Of the last one. */
  #reason = '';
  #failedFirst = 0;
  #span = firstSpan;
  /** Nobody asks before. */
  #until = 0;
  /** Settles with the request that tries; null: none does. */
  #trial: Trial | null = null;

  /** `now`: milliseconds of a clock. */
  constructor(now: () => number, onChange: (state: CircuitState, left: LeftAlone) => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Milliseconds until somebody may ask; 0: now. */
  get wait(): number {
    const left = this.#until - this.#now();
    const wait = left > longestHold ? 0 : Math.max(0, left);
    // What the request that tries will find out is worth a moment.
    return wait === 0 && this.#trial !== null ? 1000 : wait;
  }

  /** Resolves when the request that tries has found out how the feed is; null: none does. */
  get trial(): Promise<void> | null {
    return this.#trial?.ended ?? null;
  }

  /** To be called by whoever asks, right before; the function is given the outcome, once, and why it failed. To be asked for only where `wait` is 0. */
  enter(): (attempt: Attempt, reason?: string) => void {
    const trial = this.#state === 'closed' ? null : beginTrial();
    if (trial !== null) {
      this.#trial = trial;
      this.#become('half-open');
    }
    return (attempt, reason = '') => {
      this.#reason = attempt === 'failed' ? reason : this.#reason;
      if (trial !== null) {
        this.#trial = null;
      }
      this.#settle(attempt, trial !== null);
      trial?.end();
    };
  }

  /** The feed wants to be left alone for so many milliseconds; ten minutes of them are kept to, then it is asked whether it still does. */
  hold(milliseconds: number): void {
    this.#until = Math.max(this.#until, this.#now() + Math.min(milliseconds, longestHold));
  }

  #settle(attempt: Attempt, tried: boolean): void {
    if (attempt === 'alive') {
      this.#failures = 0;
      this.#span = firstSpan;
      this.#become('closed');
    } else if (attempt === 'failed') {
      this.#failedFirst = this.#failures === 0 ? this.#now() : this.#failedFirst;
      this.#failures += 1;
      const isEnough = this.#failures >= mostFailures && this.#now() - this.#failedFirst >= shortestTrouble;
      // Those that began before it opened say nothing new.
      if (tried || (this.#state === 'closed' && isEnough)) {
        this.hold(this.#span);
        this.#span = Math.min(longestSpan, this.#span * 2);
        this.#become('open');
      }
    } else if (tried) {
      this.#become('open');
    }
  }

  #become(state: CircuitState): void {
    if (state !== this.#state) {
      this.#state = state;
      this.#onChange(state, { wait: this.wait, reason: this.#reason });
    }
  }
}
