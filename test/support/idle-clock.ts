import type { TimeSource } from '../../src/upstream/sign-in/time-source.ts';

/** A clock that only goes on where somebody waits, which takes no time then. */
export class IdleClock implements TimeSource {
  readonly pauses: number[] = [];
  at = Date.now();
  /** Called instead of waiting. */
  onPause: () => void = () => undefined;

  now(): number {
    return this.at;
  }

  async pause(milliseconds: number, signal: AbortSignal | null): Promise<void> {
    this.onPause();
    signal?.throwIfAborted();
    this.pauses.push(milliseconds);
    this.at += milliseconds;
  }
}

/** One that goes on as ever, may be put forward, and waits no time either. */
export class RunningClock implements TimeSource {
  #ahead = 0;

  get at(): number {
    return Date.now() + this.#ahead;
  }

  set at(moment: number) {
    this.#ahead = moment - Date.now();
  }

  now(): number {
    return this.at;
  }

  async pause(milliseconds: number, signal: AbortSignal | null): Promise<void> {
    signal?.throwIfAborted();
    this.#ahead += milliseconds;
  }
}
