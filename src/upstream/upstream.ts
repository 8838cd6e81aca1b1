import type { EntitySet, NavigationProperty, Property } from '../edm/model.ts';
import type { JsonFormat } from '../json/json-format.ts';
import type { RowBlock } from '../json/reading/plain-rows.ts';
import type { UpstreamEvent } from '../observation/events/upstream.ts';
import type { Observe } from '../observation/observe.ts';
import type { ExpandPlace } from '../plan/federate/placement.ts';
import type { BoundExpression, ExpandPlan, Restriction, Selection, SetPlan } from '../plan/model/read-plan.ts';
import type { TimePart } from './aggregated/time-parts.ts';
import type { CopyAge } from './client/lookup-copies.ts';

export type { CopyAge } from './client/lookup-copies.ts';

/** The plans a proxied feed can answer; every set in them is one of its source. */
export type UpstreamPlan = SetPlan;

/**
 * One proxied source, connected. Twin of `warehouse/database.ts`: `http` gets this interface, never an HTTP client.
 *
 * Before the first byte of a reply all methods throw GatewayError: `UpstreamUnavailable` (down, timed out, 5xx, 429),
 * `UpstreamRefused` (401, 403, another 4xx, not OData JSON), `NotImplemented` (an option the upstream cannot do, named),
 * `InvalidSkipToken`, `EntityNotFound`. While `rows` are read they throw the same errors from the iteration: the caller
 * must then break its own transfer, never end it as if it were complete.
 */
export interface Upstream {
  /** Name of its source in the catalogue. */
  readonly source: string;
  read(plan: UpstreamPlan, options: UpstreamReadOptions): Promise<UpstreamReply>;
  /** What a read of the plan asks for first: for people, nothing is asked. Throws as `read` does before it asks. */
  addressOf(plan: UpstreamPlan): URL;
  /** Rows of one set, as JSON objects, that have one of the keys; the seam for navigation between sources. */
  fetchByKeys(request: KeyedRequest, options: UpstreamReadOptions): AsyncIterable<string>;
  /** How the feed adds up rows by itself. Absent: it is never asked to. */
  readonly aggregating?: Aggregating;
  /**
   * Whether the feed has shown that it does an `$expand` that it can follow, with the options inside of it. It is asked to show it where that is not known. Absent: it
   * does.
   */
  showsExpand?(asked: AskedExpand, options: UpstreamReadOptions): Promise<boolean>;
  /** What a read of the plan has the feed show before rows are asked for, and what it has shown: for people, nothing is asked. Absent: it need not show anything. */
  tried?(plan: UpstreamPlan): readonly TriedBefore[];
  /** Throws as `fetchByKeys` does where the feed does not show that it can be asked for such rows. */
  checkByKeys?(request: Omit<KeyedRequest, 'keys'>, options: UpstreamReadOptions): Promise<void>;
  /** Whether the feed itself can follow the navigation from one of its sets; false: only a join of ours can. */
  follows(set: EntitySet, navigation: NavigationProperty): boolean;
  state(): UpstreamState;
  /** Reads `$metadata` now instead of waiting for the schedule. Never throws: the outcome is in `state()`. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** A feed that may be handed `$apply`. Throws as `Upstream.read` does. */
export interface Aggregating {
  /** Whether its `$metadata` says that it does what a request needs: nothing is asked. */
  says(request: AggregatedRequest): boolean;
  /** Whether it has shown that it works such a request out as this gateway does. It is asked to show it where that is not known. */
  shows(request: AggregatedRequest, options: UpstreamReadOptions): Promise<boolean>;
  /** The groups of all pages, as JSON objects. Throws GatewayError NotImplemented where a reply shows that they are not those that were asked for. */
  groups(request: AggregatedRequest, options: UpstreamReadOptions): AsyncIterable<string>;
  /** What `groups` asks for first: for people. Throws GatewayError NotImplemented where it cannot be asked. */
  addressOf(request: AggregatedRequest): URL;
}

/** How a reply is to be read and written. The ids in it are built on the root of OUR feed. */
export interface UpstreamReadOptions extends JsonFormat {
  /**
   * Text of the request's `$skiptoken`; null: first page. Made by an earlier reply's `next`; anything else is
   * InvalidSkipToken. It is no `PagePosition`: the URL must be bound without it where the addressed set is proxied.
   */
  readonly skipToken: string | null;
  /** Aborts when the client hung up: the upstream request is cancelled. */
  readonly signal: AbortSignal;
  /** Authorization header of whoever asks, for a feed that is asked with it. Absent or null: none. */
  readonly caller?: string | null;
  /** Told of the requests of this read; absent: whoever listens to all of the feed. */
  readonly observe?: Observe<UpstreamEvent>;
  /** Whoever asks looks at each row again: more may come than meet the conditions, where the feed compares texts in its own way. Absent: none may. */
  readonly rechecked?: boolean;
  /** Told that a copy of an earlier reply is used, and how old it is; absent: what is asked for has to be of now. */
  readonly onCopy?: (age: CopyAge) => void;
  /** Told how long a stage took, in milliseconds: compiling an address, waiting for the head of a reply. */
  readonly onStage?: (stage: 'compile' | 'feed', milliseconds: number) => void;
}

export type UpstreamReply =
  | {
      readonly kind: 'collection';
      /** Value of `@odata.count` when the plan asks for it and the upstream sent it before the rows. */
      readonly count: string | null;
      /** The rows, each a JSON object. */
      readonly objects: AsyncIterable<string>;
      /** The same rows many at a time, at less cost; one of both may be read. Absent: there are only `objects`. */
      readonly blocks?: AsyncIterable<RowBlock>;
      /** Frees the connection when the rows will not be read to their end, e.g. for HEAD. */
      discard(): void;
      /** To be asked after the last row. */
      end(): CollectionEnd;
    }
  /** One JSON object, its members those of the plan's selection; write `@odata.context` in front of them. */
  | { readonly kind: 'entity'; readonly json: Uint8Array }
  /** `value` is JSON text for `{"value":...}`, null where the property is null; `raw` is the text for `/$value`. */
  | { readonly kind: 'property'; readonly json: string; readonly raw: string | null }
  | { readonly kind: 'count'; readonly count: string }
  /** The row does not exist: 404 or 204 as `EntityPlan.empty` says. */
  | { readonly kind: 'absent' };

export interface CollectionEnd {
  /** Value of `@odata.count` when the upstream sent it after the rows; null where it was in `count` already or not asked for. */
  readonly count: string | null;
  /** Text for OUR `$skiptoken`, all other options of the request staying as they are; null: no further page. */
  readonly next: string | null;
}

/** An option that a feed may pass over, where it stands, and what it was last seen to do. */
export interface TriedBefore {
  /** A set, a path or the place of an `$expand`. */
  readonly where: string;
  readonly option: string;
  /** null: it was not tried, or is forgotten. `otherwise`: it compares texts in its own way. */
  readonly verdict: 'done' | 'passed over' | 'not shown' | 'otherwise' | null;
  /** What it has of its own where it does otherwise. Absent: nothing. */
  readonly kinds?: readonly string[];
  /** When; null: never. */
  readonly at: Date | null;
  /** That was too long ago: the next request tries it again. */
  readonly isOver: boolean;
}

export interface AskedExpand {
  readonly at: ExpandPlace;
  readonly expand: ExpandPlan;
}

export interface KeyedRequest {
  readonly set: EntitySet;
  /** The properties compared, all of them part of `selection`. */
  readonly properties: readonly Property[];
  /** One key a member: canonical texts (see `Constant`) in the order of `properties`. Duplicates are allowed. */
  readonly keys: readonly (readonly string[])[];
  readonly selection: Selection;
  /** Filter, search and order, which holds among the rows of one key; `top`, `skip` and `count` are not looked at. */
  readonly restriction: Restriction;
}

/** Rows of a set, added up by the feed: what is left by the condition, in groups of equal values. */
export interface AggregatedRequest {
  /** With all its rows: conditions on those that may be seen stand in `filter`. */
  readonly set: EntitySet;
  readonly filter: BoundExpression | null;
  /** Properties of the set, or results of `computed`; empty: all rows are one group. */
  readonly grouping: readonly Property[];
  /** Computed before the rows are grouped. */
  readonly computed: readonly ComputedKey[];
  readonly items: readonly AggregatedItem[];
  /** Properties whose near values the feed has to tell apart, for its groups, and the rows in them, to be ours. */
  readonly apart: readonly Property[];
}

/** A part of a time, in UTC. */
export interface ComputedKey {
  /** Under the name that it has in the reply. */
  readonly result: Property;
  readonly part: TimePart;
  /** Of the set. */
  readonly of: Property;
}

export interface AggregatedItem {
  /** Under the name that it has in the reply. */
  readonly result: Property;
  /** `values`: the number of values, null where there is none; a feed has to compute what it adds up for it. */
  readonly method: 'count' | 'sum' | 'min' | 'max' | 'countdistinct' | 'values';
  /** Of the set; null: rows are counted. */
  readonly property: Property | null;
}

export interface UpstreamState {
  readonly source: string;
  /** null: no URL is configured. */
  readonly url: string | null;
  /** When `$metadata` was last read; null: never since the start, the copy on disk or the catalogue's own model is served. */
  readonly metadataReadAt: Date | null;
  /** Message of the last failure to read it; null: the last attempt succeeded. */
  readonly failure: string | null;
  /** Differences between the catalogue's documents and the upstream's `$metadata`, one sentence each. */
  readonly differences: readonly string[];
}
