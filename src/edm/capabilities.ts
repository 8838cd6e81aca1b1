/**
 * What the feed can do, as plain facts. The caller states them, `$metadata` repeats them as annotations of the
 * Capabilities, Core and Aggregation vocabularies, and a test holds the feed to them.
 */
export interface FeedCapabilities {
  readonly conformance: 'Minimal' | 'Intermediate' | 'Advanced';
  /** e.g. `4.0` or `4.0 4.01`, separated by one space. */
  readonly versions: string;
  /** `$batch`, with `Prefer: continue-on-error`. */
  readonly batch: boolean;
  /** Clients may send requests in parallel and ask for `respond-async`. */
  readonly asynchronous: boolean;
  readonly crossJoin: boolean;
  /** Media types of data replies. */
  readonly formats: readonly string[];
  readonly filterFunctions: readonly string[];
  /** By entity set name; of a set without an entry only that it cannot be written is said. */
  readonly sets: ReadonlyMap<string, SetCapabilities>;
}

export interface SetCapabilities {
  readonly top: boolean;
  readonly skip: boolean;
  readonly count: boolean;
  readonly filter: boolean;
  readonly nonFilterable: readonly string[];
  readonly sort: boolean;
  readonly nonSortable: readonly string[];
  readonly expand: boolean;
  /** Navigation properties that cannot be expanded although others can. */
  readonly nonExpandable: readonly string[];
  readonly search: boolean;
  /** Delta links: `Prefer: track-changes` and `$deltatoken`. */
  readonly changeTracking: boolean;
  /** Differs from the feed's for proxied sets; null: as the feed. */
  readonly filterFunctions: readonly string[] | null;
  /** Transformations of `$apply`; empty: `$apply` is refused. */
  readonly apply: readonly string[];
}
