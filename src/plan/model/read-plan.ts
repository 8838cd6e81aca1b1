import type { EntitySet, EntityType, NavigationProperty, PrimitiveTypeName, Property } from '../../edm/model.ts';
import type { ApplyPlan } from './apply-plan.ts';

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

export interface KeyValue {
  readonly property: Property;
  readonly value: Constant;
}

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

export interface BoundSearch {
  readonly properties: readonly Property[];
  readonly expression: SearchNode;
}

export type SearchNode =
  | { readonly kind: 'Word' | 'Phrase'; readonly text: string }
  | { readonly kind: 'Not'; readonly operand: SearchNode }
  | { readonly kind: 'And' | 'Or'; readonly left: SearchNode; readonly right: SearchNode };

export interface ExpandPlan {
  readonly navigation: NavigationProperty;
  /** `entities`: objects; `ref`: `@odata.id` only; `count`: `Nav@odata.count` only. */
  readonly form: 'entities' | 'ref' | 'count';
  readonly selection: Selection;
  readonly restriction: Restriction;
  /** `$apply` inside, as `CollectionPlan.apply`; absent: none. */
  readonly apply?: ApplyPlan;
}

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
  readonly kind: 'Property';
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

// ---------------------------------------------------------------- bound expressions

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
}

export type ComparisonOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
export type ArithmeticOperator = 'add' | 'sub' | 'mul' | 'div' | 'divby' | 'mod';

/** The canonical functions (4.01 URL Conventions 5.1.1.5 to 5.1.1.12), after binding to one overload. */
export type FunctionName =
  | 'concat'
  | 'contains'
  | 'endswith'
  | 'startswith'
  | 'indexof'
  | 'length'
  | 'substring'
  | 'matchesPattern'
  | 'tolower'
  | 'toupper'
  | 'trim'
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
  | 'fractionalseconds'
  | 'date'
  | 'time'
  | 'totaloffsetminutes'
  | 'totalseconds'
  | 'now'
  | 'mindatetime'
  | 'maxdatetime'
  | 'round'
  | 'floor'
  | 'ceiling';

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

// ---------------------------------------------------------------- aggregation

export type {
  AggregateFrom,
  ApplyPlan,
  BoundAggregate,
  BoundTransformation,
  EntityPath,
  GroupingKey,
  OutputEntity,
  OutputProperty,
} from './apply-plan.ts';
