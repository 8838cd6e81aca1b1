import { createHash } from 'node:crypto';
import { keepTrials, readTrials } from '../metadata-copy.ts';

/** What was found out of a feed, as JSON and back. Ages are looked at by whoever has it. */
export interface Remembered {
  kept(): unknown;
  /** Takes what an earlier run has kept; what it does not understand it passes over. */
  restore(kept: unknown): void;
  /** The feed is another one now. */
  clear(): void;
}

interface Place {
  readonly dataDir: string;
  readonly source: string;
  readonly url: string;
}

/**
 * What a feed does with options and aggregations, and what it refuses, on disk, so that a restart knows it. It belongs to one `$metadata` of one address: what was found
 * out by another document may be of another version of the service. No value of a row or a request is in it.
 */
export class TrialMemory {
  readonly #place: Place;
  readonly #parts: Readonly<Record<string, Remembered>>;
  /** SHA-256 of the `$metadata` that it belongs to. */
  #metadata = '';
  #isWaiting = false;
  #written: Promise<void> = Promise.resolve();

  constructor(place: Place, parts: Readonly<Record<string, Remembered>>) {
    this.#place = place;
    this.#parts = parts;
  }

  /** Something was found out: it is written soon, together with what is found out until then. */
  changed(): void {
    if (this.#isWaiting) {
      return;
    }
    this.#isWaiting = true;
    // A disk that cannot be written costs no more than that it is tried again.
    this.#written = this.#written.then(() => this.#write()).catch(() => undefined);
  }

  /** Takes what belongs to this `$metadata`; all else is forgotten. */
  async restore(metadata: string): Promise<void> {
    const digest = createHash('sha256').update(metadata).digest('hex');
    if (digest === this.#metadata) {
      return;
    }
    const isFirst = this.#metadata === '';
    this.#metadata = digest;
    const { dataDir, source, url } = this.#place;
    const copy = isFirst ? await readTrials(dataDir, source, url) : null;
    for (const [name, part] of Object.entries(this.#parts)) {
      if (!isFirst) {
        part.clear();
      } else if (copy?.metadata === digest) {
        part.restore(copy.parts[name]);
      }
    }
  }

  /** What was found out last is on disk. */
  close(): Promise<void> {
    return this.#written;
  }

  async #write(): Promise<void> {
    this.#isWaiting = false;
    const parts = Object.fromEntries(Object.entries(this.#parts).map(([name, part]) => [name, part.kept()]));
    const { dataDir, ...place } = this.#place;
    await keepTrials(dataDir, place, { metadata: this.#metadata, parts });
  }
}

/** The entries of something that was kept as pairs of a text and something else. */
export function keptEntries(kept: unknown): readonly (readonly [string, Readonly<Record<string, unknown>>])[] {
  const pairs: readonly unknown[] = Array.isArray(kept) ? kept : [];
  return pairs.flatMap((pair) => {
    const [name, value]: readonly unknown[] = Array.isArray(pair) ? pair : [];
    return typeof name === 'string' && isRecord(value) ? [[name, value] as const] : [];
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
