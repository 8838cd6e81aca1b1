/** One that waits for its turn. */
interface Waiting {
  readonly begin: () => void;
}

/**
 * So many may work at once; the others wait in the order in which they came. Whoever worked before and only let others
 * go first stands in front of those who have not begun.
 */
export class Turns {
  readonly #most: number;
  #taken = 0;
  readonly #returning: Waiting[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#returning.length + this.#waiting.length;
  }

  /** How many work. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a turn if nobody has to be waited for. */
  tryTake(): boolean {
    if (this.#taken >= this.#most || this.waiting > 0) {
      return false;
    }
    this.#taken += 1;
    return true;
  }

  /** Resolves when it is the caller's turn; throws the signal's reason when that aborts before. */
  take(signal: AbortSignal, { returning }: { readonly returning: boolean } = { returning: false }): Promise<void> {
    if (signal.aborted) {
      return Promise.reject(reasonOf(signal));
    }
    if (this.tryTake()) {
      return Promise.resolve();
    }
    const queue = returning ? this.#returning : this.#waiting;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(reasonOf(signal));
      };
      const waiting: Waiting = {
        begin: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      queue.push(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Ends a turn: the next one's begins. */
  give(): void {
    const next = this.#returning.shift() ?? this.#waiting.shift();
    if (next === undefined) {
      this.#taken -= 1;
    } else {
      next.begin();
    }
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
