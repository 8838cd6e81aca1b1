/** Milliseconds of the stages of one request, for the Server-Timing header (W3C Server Timing). */
export class ServerTiming {
  readonly #stages = new Map<string, number>();
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

  /** A stage that comes several times, as the requests of a join do, is told as their sum. */
  note(stage: string, milliseconds: number): void {
    this.#stages.set(stage, (this.#stages.get(stage) ?? 0) + milliseconds);
  }

  /** Since the request was taken up. */
  get elapsed(): number {
    return performance.now() - this.#started;
  }

  /** The header's value so far, the time until now last. */
  get header(): string {
    const stages = [...this.#stages, ['first', this.elapsed] as const];
    return stages.map(([stage, milliseconds]) => `${stage};dur=${milliseconds.toFixed(3)}`).join(', ');
  }
}
