import { createHash } from 'node:crypto';
import type { UpstreamEvent } from '../observation/events/upstream.ts';
import type { Observe } from '../observation/observe.ts';
import { type FeedLimits, type LearnedLimits, limitsMessage, limitsOfBoth, untried } from './feed-limits.ts';
import { keepLimitsCopy, readLimitsCopy } from './metadata-copy.ts';

interface Place {
  readonly dataDir: string;
  readonly source: string;
  readonly url: string;
}

/** What was learned of one feed, in memory and on disk, so that a restart knows it. Forgotten where its `$metadata` changes. */
export class KnownLimits implements LearnedLimits {
  readonly #place: Place;
  readonly #observe: Observe<UpstreamEvent>;
  #limits = untried;
  /** SHA-256 of the `$metadata` that they belong to. */
  #metadata = '';
  #kept: Promise<void> = Promise.resolve();

  constructor(place: Place, observe: Observe<UpstreamEvent>) {
    this.#place = place;
    this.#observe = observe;
  }

  known(): FeedLimits {
    return this.#limits;
  }

  learn(limits: FeedLimits): void {
    const both = limitsOfBoth(this.#limits, limits);
    if (JSON.stringify(both) === JSON.stringify(this.#limits)) {
      return;
    }
    this.#limits = both;
    const message = limitsMessage(both);
    this.#observe({ event: 'upstream-limits', source: this.#place.source, message });
    const copy = { metadata: this.#metadata, learnedAt: new Date(), limits: both };
    // A disk that cannot be written costs no more than that it is learned again.
    this.#kept = this.#kept.then(() => keepLimitsCopy(this.#place.dataDir, this.#place, copy)).catch(() => undefined);
  }

  /** Takes what an earlier run has learned of a feed with this `$metadata`; another one may be another version of the service. */
  async restore(metadata: string): Promise<void> {
    const digest = createHash('sha256').update(metadata).digest('hex');
    if (digest === this.#metadata) {
      return;
    }
    this.#metadata = digest;
    this.#limits = untried;
    const { dataDir, source, url } = this.#place;
    const copy = await readLimitsCopy(dataDir, source, url);
    if (copy?.metadata === digest) {
      this.#limits = copy.limits;
    }
  }

  /** What was learned last is on disk. */
  close(): Promise<void> {
    return this.#kept;
  }
}
