import type { EntitySet, EntityType, NavigationProperty, Property } from '../../edm/model.ts';
import type { BoundAggregate, GroupingKey, OutputProperty } from './aggregate.ts';
import type { BoundExpression, RangeVariable } from './expression.ts';
import type { ComputedProperty, OrderKey, Restriction } from './rows.ts';
import type { BoundSearch } from './search.ts';

// One recursion, so one file: a selection expands, an expand may hold a pipeline, and a pipeline serves entities by a selection.

/** Rows of one set, shaped. The same record serves the top level and each level of `$expand`. */
export interface Selection {
  readonly set: EntitySet;
  readonly type: EntityType;
  /** Served structural properties in declared order (or `$select`ed ones in declared order). */
  readonly properties: readonly Property[];
  /** `$compute`d properties that are served. */
  readonly computed: readonly ComputedProperty[];
  readonly expands: readonly ExpandPlan[];
  /** true when `$select` was given; the context URL then lists the names. */
  readonly selected: boolean;
  /** Navigation property names named in `$select` without being expanded: listed in the context URL only. */
  readonly selectedNavigations: readonly string[];
  /** The row that the computed expressions speak of; the same object as in the restriction beside it. */
  readonly variable?: RangeVariable;
}

export interface ExpandPlan {
  readonly navigation: NavigationProperty;
  /** `entities`: objects; `ref`: `@odata.id` only; `count`: `Nav@odata.count` only. */
  readonly form: 'entities' | 'ref' | 'count';
  readonly selection: Selection;
  readonly restriction: Restriction;
  /** `$apply` inside, as `CollectionPlan.apply`; absent: none. */
  readonly apply?: ApplyPlan;
}

/** A pipeline: each transformation's input is the output of the one before; the first one's input are the source's rows. */
export interface ApplyPlan {
  readonly transformations: readonly BoundTransformation[];
  /** What is served, in order. Names may be paths of navigation names to the grouped property, e.g. `["Agent","Name"]`. */
  readonly output: readonly OutputProperty[];
  /** true when rows keep their entity identity (only filter, search, orderby, top, skip, compute, identity were used). */
  readonly keepsEntities: boolean;
  /** Entities that are served in each row besides `output`: what was grouped by, and what was joined and asked for. */
  readonly entities?: readonly OutputEntity[];
}

/** The entity that `variable` stands for, or nothing. */
export interface OutputEntity {
  readonly variable: RangeVariable;
  /** Where the object stands: navigation names, or the alias of a join. */
  readonly path: readonly string[];
  readonly form: 'entities' | 'ref';
  readonly selection: Selection;
}

export type BoundTransformation =
  | { readonly kind: 'filter'; readonly condition: BoundExpression }
  | { readonly kind: 'search'; readonly search: BoundSearch }
  | { readonly kind: 'compute'; readonly items: readonly ComputedProperty[] }
  | { readonly kind: 'orderby'; readonly keys: readonly OrderKey[] }
  | { readonly kind: 'top' | 'skip'; readonly count: number }
  | { readonly kind: 'aggregate'; readonly items: readonly BoundAggregate[] }
  | {
      readonly kind: 'groupby';
      readonly grouping: readonly GroupingKey[];
      readonly transformations: readonly BoundTransformation[];
      /** By rollup number: true when `$all` came first (a grand total is wanted too). Absent: no rollup. */
      readonly rollupAll?: readonly boolean[];
    }
  | {
      readonly kind: 'ranked';
      readonly name: 'topcount' | 'toppercent' | 'topsum' | 'bottomcount' | 'bottompercent' | 'bottomsum';
      readonly amount: BoundExpression;
      readonly by: BoundExpression;
    }
  | {
      /** Each row once for each row that it leads to; `outer`: once alone where it leads to none. */
      readonly kind: 'join';
      readonly navigation: NavigationProperty;
      readonly set: EntitySet;
      readonly alias: string;
      readonly outer: boolean;
      /** What is done with the rows that one row leads to; its rows are of `set` where it keeps entities. */
      readonly apply: ApplyPlan;
      /** Of the joined rows before `apply`. */
      readonly inner: RangeVariable;
      /** Stands for the joined row in what follows; null: its properties are `ComputedValue`s named `alias/name`. */
      readonly variable: RangeVariable | null;
    }
  | { readonly kind: 'concat'; readonly branches: readonly ApplyPlan[] };
