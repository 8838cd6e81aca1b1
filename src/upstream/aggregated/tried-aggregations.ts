import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../errors.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import type { TrialPlace } from '../reading/trial-rows.ts';
import type { AggregatedRequest } from '../upstream.ts';
import { groupsText } from './aggregation-text.ts';
import { type AggregationTrial, anyRow, triedAggregation } from './aggregation-trials.ts';

/** Aggregations that are remembered, those asked for last. */
const mostKnown = 1000;
/** Milliseconds until one is tried again: a feed may have been changed, or have other rows. */
const longest = { right: 24 * 3_600_000, wrong: 24 * 3_600_000, unshown: 3_600_000 } as const;

interface Known {
  readonly trial: AggregationTrial;
  readonly at: number;
}

/** Which aggregations a feed has shown to work out rightly, each by set, keys, methods and properties. */
export class TriedAggregations {
  readonly #source: string;
  readonly #now: () => number;
  readonly #observe: Observe<UpstreamEvent>;
  readonly #known = new LRUCache<string, Known>({ max: mostKnown });

  /** `now`: milliseconds of a clock. */
  constructor(
    source: string,
    { now, observe }: { readonly now: () => number; readonly observe: Observe<UpstreamEvent> },
  ) {
    this.#source = source;
    this.#now = now;
    this.#observe = observe;
  }

  /** The feed is another one now. */
  clear(): void {
    this.#known.clear();
  }

  /** Whether an aggregation may be handed to the feed. Throws what it throws where it does not answer, and nothing is known of before. */
  async shows(request: AggregatedRequest, place: TrialPlace): Promise<boolean> {
    const key = keyOf(request);
    const known = this.#known.get(key);
    try {
      const trial = (await this.#current(request, known, place)) ?? (await triedAggregation(request, place));
      if (trial !== known?.trial) {
        this.#note(request, trial);
      }
      return trial.verdict === 'right';
    } catch (error) {
      if (isDown(error) && known !== undefined) {
        // What it did the day before holds while it is down: copies of what it said may still be served.
        return known.trial.verdict === 'right';
      }
      if (error instanceof GatewayError && error.code === 'UpstreamRefused') {
        return false;
      }
      throw error;
    }
  }

  /** A reply showed that the feed does otherwise, or refuses it. */
  disprove(request: AggregatedRequest): void {
    this.#note(request, { verdict: 'unshown', reason: 'it did not give these groups', open: [] });
  }

  /** The trial that still holds; null: it is to be made anew. */
  async #current(
    { set }: AggregatedRequest,
    known: Known | undefined,
    place: TrialPlace,
  ): Promise<AggregationTrial | null> {
    if (known === undefined || Math.abs(this.#now() - known.at) > longest[known.trial.verdict]) {
      return null;
    }
    for (const condition of known.trial.open) {
      if ((await anyRow(set, condition, place)) !== false) {
        return null;
      }
    }
    return known.trial;
  }

  #note(request: AggregatedRequest, trial: AggregationTrial): void {
    const key = keyOf(request);
    const before = this.#known.get(key)?.trial;
    this.#known.set(key, { trial, at: this.#now() });
    if (before?.verdict !== trial.verdict || before.reason !== trial.reason) {
      const [set, here] = [request.set.name, trial.verdict !== 'right'];
      const message = `${groupsText(request)}: ${trial.reason}`;
      this.#observe({ event: 'upstream-apply', source: this.#source, set, here, message });
    }
  }
}

/** Without the values of conditions, and the names that results are given. */
const keyOf = (request: AggregatedRequest): string =>
  JSON.stringify([
    request.set.name,
    request.grouping.map(({ name }) => name),
    request.items.map(({ property, method }) => [property?.name ?? null, method]),
    request.apart.map(({ name }) => name),
  ]);

const isDown = (error: unknown): boolean =>
  error instanceof GatewayError && (error.code === 'UpstreamUnavailable' || error.code === 'Busy');
