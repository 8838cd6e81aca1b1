/** Milliseconds of the stages of one request, for the Server-Timing header (W3C Server Timing). */
export class ServerTiming {
  readonly #entries: string[] = [];
  readonly #started = performance.now();

  /** Runs one stage and notes how long it took. */
  measure<T>(stage: string, work: () => T): T {
    const from = performance.now();
    try {
      return work();
    } finally {
      this.note(stage, performance.now() - from);
    }
  }

  note(stage: string, milliseconds: number): void {
    this.#entries.push(`${stage};dur=${milliseconds.toFixed(3)}`);
  }

  /** Since the request was taken up. */
  get elapsed(): number {
    return performance.now() - this.#started;
  }

  /** The header's value so far, the time until now last. */
  get header(): string {
    return [...this.#entries, `first;dur=${this.elapsed.toFixed(3)}`].join(', ');
  }
}
