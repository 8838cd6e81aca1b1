import type { TemporaryFile } from '../reply/temporary-file.ts';

/** One whole compressed reply in its temporary file. */
export interface CachedFacts {
  /** ETag of the reply: what it was made from, and how. */
  readonly tag: string;
  /** Preferences that it follows, for its head. */
  readonly applied: readonly string[];
  /** Of the compressed body. */
  readonly bytes: number;
  /** Rows in it, for the log. */
  readonly rows: number | null;
  readonly file: TemporaryFile;
}

/** A kept reply and who reads it: its file goes once it was given up and nobody reads it any more. */
export class CachedReply {
  readonly facts: CachedFacts;
  readonly #freed: (removal: Promise<void>) => void;
  #readers = 0;
  #givenUp = false;
  #removed: Promise<void> | null = null;

  /** `freed` is called once, when its room is free again, with the removal of its file. */
  constructor(facts: CachedFacts, freed: (removal: Promise<void>) => void) {
    this.facts = facts;
    this.#freed = freed;
  }

  get isRead(): boolean {
    return this.#readers > 0;
  }

  /** From now on it stays until `release` is called. */
  retain(): void {
    this.#readers += 1;
  }

  release(): void {
    this.#readers -= 1;
    if (this.#givenUp && this.#readers === 0) {
      void this.remove();
    }
  }

  /** Nobody can find it any more. */
  giveUp(): void {
    this.#givenUp = true;
    if (this.#readers === 0) {
      void this.remove();
    }
  }

  /** At once, whoever reads it. Never throws. */
  remove(): Promise<void> {
    if (this.#removed !== null) {
      return this.#removed;
    }
    this.#givenUp = true;
    this.#removed = this.facts.file.remove();
    this.#freed(this.#removed);
    return this.#removed;
  }
}
