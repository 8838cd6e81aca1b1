import type { TimeSource } from '../../../src/upstream/sign-in/time-source.ts';

/** A clock that only moves when it is told to, or when somebody waits by it: waits take no time, and are noted. */
export class TestTime implements TimeSource {
  readonly pauses: number[] = [];
  #now = Date.UTC(2026, 0, 31, 12);

  now = (): number => this.#now;

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  async pause(milliseconds: number, signal: AbortSignal | null): Promise<void> {
    signal?.throwIfAborted();
    this.pauses.push(milliseconds);
    this.#now += milliseconds;
  }
}
