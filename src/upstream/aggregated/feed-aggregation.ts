import { GatewayError } from '../../errors.ts';
import type { UpstreamRequest } from '../client/upstream-client.ts';
import { isRefusedForm } from '../client/upstream-fault.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import type { AggregatedRequest, Aggregating, UpstreamReadOptions } from '../upstream.ts';
import { transformationsOf } from './aggregation-text.ts';
import { aggregatedPath, readAggregated } from './read-aggregated.ts';
import { type TrialPlaces, TriedAggregations } from './tried-aggregations.ts';

/** What of a connected feed its aggregations need. */
interface ConnectedFeed extends TrialPlaces {
  /** Throws where the feed was never reached. */
  reached(options: UpstreamReadOptions): Promise<void>;
  /** `sets`: whose copies may answer. `kept`: takes down what was added to the copies. */
  contextOf(
    options: UpstreamReadOptions,
    read: { readonly sets: readonly string[]; readonly kept: UpstreamRequest[] },
  ): ReplyContext;
  /** The same for an address alone. */
  addressed(): Pick<ReplyContext, 'client' | 'map'>;
  forget(kept: readonly UpstreamRequest[]): void;
}

/** See `Aggregating`: what the feed says, tried before it is trusted. */
export class FeedAggregation implements Aggregating {
  /** What it has shown. */
  readonly tried: TriedAggregations;
  readonly #feed: ConnectedFeed;
  /** By the feed's own names of sets. */
  #said: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(source: string, feed: ConnectedFeed) {
    this.#feed = feed;
    this.tried = new TriedAggregations(source, feed);
  }

  /** `said`: transformations by set. */
  declared(said: ReadonlyMap<string, readonly string[]>): void {
    this.#said = said;
  }

  says(request: AggregatedRequest): boolean {
    const name = this.#feed.addressed().map.sets.get(request.set.name);
    const said = this.#said.get(name ?? '') ?? [];
    return transformationsOf(request).every((one) => said.includes(one));
  }

  async shows(request: AggregatedRequest, { onCopy: _, ...options }: UpstreamReadOptions): Promise<boolean> {
    await this.#feed.reached(options);
    // Of trials nothing is kept as a copy.
    const context = this.#feed.contextOf(options, { sets: [], kept: [] });
    return this.says(request) && this.#canBeAsked(request) && (await this.tried.shows(request, { options, context }));
  }

  #canBeAsked(request: AggregatedRequest): boolean {
    try {
      this.addressOf(request);
      return true;
    } catch (error) {
      if (error instanceof GatewayError) {
        return false;
      }
      throw error;
    }
  }

  async *groups(request: AggregatedRequest, options: UpstreamReadOptions): AsyncGenerator<string> {
    const kept: UpstreamRequest[] = [];
    const context = this.#feed.contextOf(options, { sets: [request.set.name], kept });
    try {
      yield* readAggregated(request, options, context);
    } catch (error) {
      this.#feed.forget(kept);
      if (isRefusedForm(error)) {
        this.tried.disprove(request, context.caller);
      }
      throw error;
    }
  }

  addressOf(request: AggregatedRequest): URL {
    const { client, map } = this.#feed.addressed();
    return new URL(client.root.href + aggregatedPath(request, { client, map }));
  }
}
