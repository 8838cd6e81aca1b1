import type { EntitySet, NavigationProperty, PrimitiveTypeName } from '../../edm/model.ts';
import type { BoundExpression, KeyValue, RangeVariable } from './expression.ts';
import type { BoundSearch } from './search.ts';

/** Where the rows come from before any option applies. */
export type RowSource =
  | { readonly kind: 'Set'; readonly set: EntitySet }
  /** `Set(key)/Nav` and longer: rows of the last set reached from the one before. Each step may carry a key or filter. */
  | {
      readonly kind: 'Navigated';
      readonly from: RowSource;
      readonly navigation: NavigationProperty;
      readonly set: EntitySet;
    }
  | { readonly kind: 'Keyed'; readonly from: RowSource; readonly key: readonly KeyValue[] }
  /** `variable` is the row that the condition speaks of. */
  | {
      readonly kind: 'Filtered';
      readonly from: RowSource;
      readonly condition: BoundExpression;
      readonly variable?: RangeVariable;
    };

export interface ComputedProperty {
  readonly name: string;
  readonly type: PrimitiveTypeName;
  readonly nullable: boolean;
  readonly expression: BoundExpression;
}

/** `$filter`, `$search`, `$orderby`, `$top`, `$skip`, `$count` of one collection. */
export interface Restriction {
  readonly filter: BoundExpression | null;
  readonly search: BoundSearch | null;
  /** As asked; the compiler appends the tie-breaker. */
  readonly orderby: readonly OrderKey[];
  readonly top: number | null;
  readonly skip: number | null;
  readonly count: boolean;
  /**
   * The row that filter, order keys and the pipeline before them speak of (always set by the binder). An expression
   * may also speak of the row of an outer level (`$it` in a nested option): then its variable is that level's.
   */
  readonly variable?: RangeVariable;
}

export interface OrderKey {
  readonly expression: BoundExpression;
  readonly direction: 'asc' | 'desc';
}
