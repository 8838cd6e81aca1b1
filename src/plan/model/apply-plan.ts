import type { EntitySet, NavigationProperty, PrimitiveTypeName } from '../../edm/model.ts';
import type {
  BoundExpression,
  BoundSearch,
  ComputedProperty,
  NavigationStep,
  OrderKey,
  RangeVariable,
  RowPath,
  Selection,
} from './read-plan.ts';

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

export interface OutputProperty {
  readonly path: readonly string[];
  readonly type: PrimitiveTypeName;
  readonly nullable: boolean;
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

/** `rollup` n: part of the n-th rollup; keys of one rollup follow each other from coarse to fine. null: a plain key. */
export interface GroupingKey {
  readonly path: readonly string[];
  readonly expression: BoundExpression;
  readonly rollup: number | null;
  /** The key is an entity, told apart by its identity: `expression` says whether it is there, `variable` stands for it. */
  readonly entity?: { readonly row: RowPath; readonly variable: RangeVariable };
}

export interface BoundAggregate {
  readonly alias: string;
  readonly type: PrimitiveTypeName;
  readonly nullable: boolean;
  readonly method: 'sum' | 'min' | 'max' | 'average' | 'countdistinct' | 'count';
  /** null: count rows. */
  readonly expression: BoundExpression | null;
  /** `from`: aggregate by these keys with the inner method first. Outermost last. */
  readonly from: readonly AggregateFrom[];
  /**
   * The entities that are aggregated instead of the rows, each once however often it is reached (Data Aggregation 4.0,
   * 3.2.1.1); `expression` speaks of their variable. Absent: the rows themselves.
   */
  readonly over?: EntityPath;
}

export interface AggregateFrom {
  readonly keys: readonly GroupingKey[];
  readonly method: BoundAggregate['method'];
  /** Type of the values that this method aggregates: what the method before it gives. */
  readonly of: PrimitiveTypeName;
}

/** Navigation from a row, to one and to many in any order; `variable` ranges over the rows reached. */
export interface EntityPath {
  readonly from: RangeVariable;
  readonly steps: readonly NavigationStep[];
  readonly variable: RangeVariable;
}
