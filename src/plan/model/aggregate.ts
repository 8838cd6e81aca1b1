import type { PrimitiveTypeName } from '../../edm/model.ts';
import type { BoundExpression, NavigationStep, RangeVariable, RowPath } from './expression.ts';

export interface OutputProperty {
  readonly path: readonly string[];
  readonly type: PrimitiveTypeName;
  readonly nullable: boolean;
}

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
