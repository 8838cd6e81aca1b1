import type { EntitySet, Property } from '../../edm/model.ts';
import type { RangeVariable } from './expression.ts';
import type { Restriction, RowSource } from './rows.ts';
import type { ApplyPlan, Selection } from './selection.ts';

/**
 * The narrow waist: a bound, typed, limited read. SQL and upstream URL are two compilers of it. After binding no name
 * is looked up again: nodes point at model objects. Frozen.
 */
export type ReadPlan =
  | { readonly kind: 'ServiceDocument' }
  | { readonly kind: 'Metadata' }
  | CollectionPlan
  | EntityPlan
  | PropertyPlan
  | CountPlan
  | CrossjoinPlan
  | AllPlan;

/** A plan that reads of the rows of one set: what a single source can be asked for. */
export type SetPlan = CollectionPlan | EntityPlan | PropertyPlan | CountPlan;

/** What a plan says of the sets whose rows it gives or looks at. */
export interface SetFacts {
  /** Names of all entity sets whose rows decide what a plan gives, in alphabetical order: also those that conditions on rows read. */
  readonly setNames: readonly string[];
  /**
   * Which of their rows there are for the reader, as part of the identity of a reply; empty: all. Which properties there
   * are is no part of it: the model has a name of its own.
   */
  readonly rowConditions: string;
}

/** What the binder says of a request besides what is read: once, so that nobody has to look for it again. */
export interface PlanFacts extends SetFacts {
  /** `now()` is in it: the same request reads something else at another time. */
  readonly volatile: boolean;
  /** Of what decides which rows there are and in which order, for the tokens of the pages: see `queryFingerprint`. */
  readonly fingerprint: string;
}

/** A plan as the binder gives it. */
export type Bound<P extends ReadPlan = ReadPlan> = P & PlanFacts;

/** A page of a collection. `pageSize` is the server's or the client's smaller wish, in rows. */
export interface CollectionPlan {
  readonly kind: 'Collection';
  readonly source: RowSource;
  readonly selection: Selection;
  readonly restriction: Restriction;
  /** Aggregation pipeline; null: none. With one, `selection` describes the input and `apply.output` what is served. */
  readonly apply: ApplyPlan | null;
  /** `$ref` at the end of the path: serve entity references only. */
  readonly references: boolean;
  readonly pageSize: number;
  /** Values of the last row of the page before, in the order of the order keys plus the tie-breaker; null: first page. */
  readonly after: PagePosition | null;
  /** Changes since this data version instead of all rows; null: all rows. */
  readonly since: bigint | null;
  /** With `since`: changes up to this version, which the first page saw. Absent or null on the first page itself: all. */
  readonly until?: bigint | null;
  /** With `since`: the changed rows were all given, and the removed ones up to here. Absent or null: not yet. */
  readonly removedAfter?: RemovedPosition | null;
}

/** Where the pages of removed rows go on. Rows that are gone come before those that left the filter. */
export interface RemovedPosition {
  readonly part: 'gone' | 'left';
  /** Data version with which the last row told left. */
  readonly version: bigint;
  /** Tells rows of one version apart: the number of the tombstone, or the row id. */
  readonly row: bigint;
}

/** Position in the total order: one text value per order key (COPY text form before escaping; null for null), then the tie-breaker. */
export interface PagePosition {
  readonly values: readonly (string | null)[];
  readonly rowId: string;
  /** Rows still wanted when `$top` was given; null: no `$top`. */
  readonly remaining: number | null;
}

/** One entity: by key, or over a to-one navigation. `empty`: what an absent row means. */
export interface EntityPlan {
  readonly kind: 'Entity';
  readonly source: RowSource;
  readonly selection: Selection;
  readonly empty: 'not-found' | 'no-content';
  readonly references: boolean;
}

/** `Set(key)/Prop` and `Set(key)/Prop/$value`. */
export interface PropertyPlan {
  readonly kind: 'PropertyRead';
  readonly source: RowSource;
  readonly set: EntitySet;
  readonly property: Property;
  readonly raw: boolean;
}

/** `/$count`: a bare number. */
export interface CountPlan {
  readonly kind: 'Count';
  readonly source: RowSource;
  readonly set: EntitySet;
  readonly restriction: Restriction;
  readonly apply: ApplyPlan | null;
}

export interface CrossjoinPlan {
  readonly kind: 'Crossjoin';
  readonly sets: readonly EntitySet[];
  /** The row of each set that the filter speaks of, in the order of `sets`. */
  readonly variables?: readonly RangeVariable[];
  /** Expanded sets in the order of `sets`; a set not expanded is served as its navigation link. */
  readonly expands: readonly { readonly set: EntitySet; readonly selection: Selection }[];
  readonly restriction: Restriction;
  readonly pageSize: number;
  /** One value for each order key, then one tie-breaker for each set. */
  readonly after: readonly (string | null)[] | null;
  /** `/$count` at the end. */
  readonly countOnly: boolean;
}

/**
 * `$all` (4.01 URL Conventions 4.16): the rows of every set that may be read, one set after the other. `$top`, `$skip` and
 * the page count over all of them together.
 */
export interface AllPlan {
  readonly kind: 'All';
  /** All rows of one set each: the stored sets by name, then the proxied ones by name. No page, no `$top`, no `$skip`. */
  readonly parts: readonly CollectionPlan[];
  /** Only on the first page. */
  readonly skip: number | null;
  /** Rows still wanted; null: all. */
  readonly top: number | null;
  readonly count: boolean;
  readonly references: boolean;
  readonly pageSize: number;
  readonly after: AllPosition | null;
  /** `/$count` at the end. */
  readonly countOnly: boolean;
}

/** Where a page of `$all` goes on; without `rowId` and `token` at the first row of the set. */
export interface AllPosition {
  readonly set: string;
  /** Of the last row given, where the set is stored. */
  readonly rowId: string | null;
  /** The proxied feed's own, where it is not. */
  readonly token: string | null;
  readonly remaining: number | null;
}

export type { AggregateFrom, BoundAggregate, EntityPath, GroupingKey, OutputProperty } from './aggregate.ts';
export type { FunctionName } from './canonical-functions.ts';
export type {
  ArithmeticOperator,
  BoundExpression,
  CollectionPath,
  ComparisonOperator,
  Constant,
  KeyValue,
  NavigationStep,
  RangeVariable,
  RowPath,
  ValueType,
} from './expression.ts';
export type { ComputedProperty, OrderKey, Restriction, RowSource } from './rows.ts';
export type { BoundSearch, SearchNode } from './search.ts';
export type { ApplyPlan, BoundTransformation, ExpandPlan, OutputEntity, Selection } from './selection.ts';
