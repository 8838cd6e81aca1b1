import type { EntitySet, NavigationProperty, PrimitiveTypeName, Property } from '../../edm/model.ts';
import type { FunctionName } from './canonical-functions.ts';
import type { BoundSearch } from './search.ts';

/** Type of an expression; `null` is the type of the null literal alone. */
export type ValueType = PrimitiveTypeName | 'null';

/** `$it`, a lambda variable, or a set of a crossjoin: stands for one row of `set`. Compared by identity. */
export interface RangeVariable {
  readonly name: string;
  readonly set: EntitySet;
  /** `$root/Set(key)`: the one row with this key, or none, wherever the expression stands. Absent: a row in sight. */
  readonly key?: readonly KeyValue[];
  /** The row may be absent: all its properties are null then. Absent: it is there. */
  readonly optional?: boolean;
}

export interface KeyValue {
  readonly property: Property;
  readonly value: Constant;
}

/** A row reached from a variable over navigations that lead to one row at most (no step: the variable's own row). */
export interface RowPath {
  readonly variable: RangeVariable;
  readonly steps: readonly NavigationStep[];
}

export interface NavigationStep {
  readonly navigation: NavigationProperty;
  readonly set: EntitySet;
  /** `Nav(key)` of a navigation to many: what the join leaves open of the key. Absent: a navigation to one. */
  readonly key?: readonly KeyValue[];
}

/**
 * A constant in canonical text: numbers as decimal digits (`INF`, `-INF`, `NaN` for doubles), booleans `true`/`false`,
 * dates and times as ISO 8601 (date-time in UTC with `Z`), durations `PnDTnHnMnS`, guids lower case, binary base64 with padding
 * in the alphabet with `+` and `/`, strings as they are; null for null.
 */
export interface Constant {
  readonly kind: 'Constant';
  readonly type: ValueType;
  readonly value: string | null;
  /** Type name as written of an enumeration literal, whose members are then the text. */
  readonly enumType?: string;
  /** Of a GUID that was not written in small letters: its text as it was written. */
  readonly written?: string;
}

export type ComparisonOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
export type ArithmeticOperator = 'add' | 'sub' | 'mul' | 'div' | 'divby' | 'mod';

/** Every node: `type` of its value and whether it can be null. Operands are already converted to a common type by `Convert`. */
export type BoundExpression =
  | (Constant & { readonly nullable?: boolean })
  | {
      readonly kind: 'PropertyValue';
      readonly type: PrimitiveTypeName;
      readonly nullable: boolean;
      readonly row: RowPath;
      readonly property: Property;
    }
  /** A `$compute`d or aggregated property of the current row, by name. */
  | {
      readonly kind: 'ComputedValue';
      readonly type: PrimitiveTypeName;
      readonly nullable: boolean;
      readonly name: string;
    }
  | {
      readonly kind: 'Convert';
      readonly type: PrimitiveTypeName;
      readonly nullable: boolean;
      readonly operand: BoundExpression;
    }
  /** eq and ne treat null as a value; gt, ge, lt, le are false where an operand is null (Protocol 11.2.6.1.1). */
  | {
      readonly kind: 'Comparison';
      readonly type: 'Edm.Boolean';
      readonly nullable: boolean;
      readonly operator: ComparisonOperator;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | {
      readonly kind: 'Arithmetic';
      readonly type: PrimitiveTypeName;
      readonly nullable: boolean;
      readonly operator: ArithmeticOperator;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
      /** With Edm.Decimal: of integers, so the value is one, too, and `div` has no fraction. Absent: no. */
      readonly whole?: boolean;
    }
  | {
      readonly kind: 'Negate';
      readonly type: PrimitiveTypeName;
      readonly nullable: boolean;
      readonly operand: BoundExpression;
      /** As of Arithmetic. */
      readonly whole?: boolean;
    }
  /** Three-valued as OData says: null and false is false, null or true is true, not null is null. */
  | {
      readonly kind: 'Logical';
      readonly type: 'Edm.Boolean';
      readonly nullable: boolean;
      readonly operator: 'and' | 'or';
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | {
      readonly kind: 'Not';
      readonly type: 'Edm.Boolean';
      readonly nullable: boolean;
      readonly operand: BoundExpression;
    }
  | {
      readonly kind: 'In';
      readonly type: 'Edm.Boolean';
      readonly nullable: boolean;
      readonly operand: BoundExpression;
      readonly items: readonly BoundExpression[];
    }
  | {
      readonly kind: 'Function';
      readonly type: PrimitiveTypeName;
      readonly nullable: boolean;
      readonly name: FunctionName;
      readonly args: readonly BoundExpression[];
    }
  | {
      readonly kind: 'Case';
      readonly type: PrimitiveTypeName;
      readonly nullable: boolean;
      readonly branches: readonly { readonly when: BoundExpression; readonly then: BoundExpression }[];
    }
  /** `path/any(x:...)`, `path/all(x:...)`; `predicate` null: any() of a non-empty collection. */
  | {
      readonly kind: 'Lambda';
      readonly type: 'Edm.Boolean';
      readonly nullable: boolean;
      readonly operator: 'any' | 'all';
      readonly over: CollectionPath;
      readonly predicate: BoundExpression | null;
    }
  | {
      readonly kind: 'CollectionCount';
      readonly type: 'Edm.Int64';
      readonly nullable: boolean;
      readonly over: CollectionPath;
      readonly filter: BoundExpression | null;
      readonly search: BoundSearch | null;
    }
  /** `property has member`: whether all bits of the member are set. Only proxied sets have enumerations. */
  | {
      readonly kind: 'Has';
      readonly type: 'Edm.Boolean';
      readonly nullable: boolean;
      readonly left: BoundExpression;
      readonly right: Constant;
    }
  /** `Nav eq null` on a to-one navigation is Not(RowExists). */
  | { readonly kind: 'RowExists'; readonly type: 'Edm.Boolean'; readonly nullable: boolean; readonly row: RowPath };

/** A collection-valued navigation from a row; `variable` ranges over its rows. */
export interface CollectionPath {
  readonly from: RowPath;
  readonly navigation: NavigationProperty;
  readonly variable: RangeVariable;
}
