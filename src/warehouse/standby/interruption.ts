/** A signal that aborts with another one, and for a reason of its own. */
export class Interruption {
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener('abort', this.#onAbort);
    if (outer.aborted) {
      this.#onAbort();
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  interrupt(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Call once: the other signal lives longer. */
  close(): void {
    this.#outer.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => this.#controller.abort(this.#outer.reason);
}
