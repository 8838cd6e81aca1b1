/**
 * The syntax tree of an OData URL (OData 4.01 URL Conventions and its ABNF, 4.0 included). Names are still text, nothing
 * is looked up. `at` is the 0-based offset in the decoded text of the part that was parsed: the resource path, or the
 * value of one query option.
 */

// ---------------------------------------------------------------- resource path

export interface ResourcePath {
  readonly segments: readonly PathSegment[];
}

/** One segment between slashes. Whether a name is a set, a property or a key-as-segment is decided by the binder. */
export type PathSegment =
  | {
      readonly kind: 'Name';
      readonly at: number;
      readonly name: string;
      readonly keys: KeyPredicate | null;
      /** The whole segment where its parentheses were percent-encoded: it may be one key (`k%28v%29`) as well. */
      readonly text?: string;
    }
  | { readonly kind: 'System'; readonly at: number; readonly name: SystemSegment }
  /** `$filter(expression)`, perhaps with a key after it: `$filter(expression)(5)`. */
  | {
      readonly kind: 'FilterSegment';
      readonly at: number;
      readonly condition: Expression;
      readonly keys?: KeyPredicate;
    }
  | { readonly kind: 'Crossjoin'; readonly at: number; readonly sets: readonly string[] };

export type SystemSegment =
  | '$metadata'
  | '$batch'
  | '$all'
  | '$entity'
  | '$count'
  | '$value'
  | '$ref'
  | '$query'
  | '$each';

/** `Set(5)` is positional; `Set(A=1,B='x')` is named; `Set()` is named with no pairs. */
export type KeyPredicate =
  | { readonly kind: 'Positional'; readonly at: number; readonly value: Literal | ParameterAlias }
  | {
      readonly kind: 'Named';
      readonly at: number;
      readonly pairs: readonly { readonly name: string; readonly value: Literal | ParameterAlias }[];
    };

// ---------------------------------------------------------------- expressions

export type LiteralType =
  | 'null'
  | 'boolean'
  | 'integer'
  | 'decimal'
  /** With an exponent, or INF, -INF, NaN. */
  | 'double'
  | 'string'
  | 'date'
  | 'dateTimeOffset'
  | 'timeOfDay'
  | 'duration'
  | 'guid'
  | 'binary'
  | 'enum';

/**
 * `text` is the value without its decoration: the content of a string with `''` made `'`, the content of `duration'...'`
 * and `binary'...'`, the member text of an enum; else the characters as written, save that `true`/`false` are in lower
 * case, durations, `T` and `Z` in upper case, a plus before a number is dropped, and a `+` before an offset that was
 * decoded to a blank is restored.
 */
export interface Literal {
  readonly kind: 'Literal';
  readonly at: number;
  readonly type: LiteralType;
  readonly text: string;
  /** Qualified enum type name; only for `enum`. */
  readonly typeName?: string;
}

export interface ParameterAlias {
  readonly kind: 'ParameterAlias';
  readonly at: number;
  /** Without the `@`. */
  readonly name: string;
}

export type BinaryOperator =
  | 'or'
  | 'and'
  | 'eq'
  | 'ne'
  | 'gt'
  | 'ge'
  | 'lt'
  | 'le'
  | 'has'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'divby'
  | 'mod';

export type Expression =
  | Literal
  | ParameterAlias
  | MemberPath
  | {
      readonly kind: 'Binary';
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'Unary'; readonly at: number; readonly operator: 'not' | 'neg'; readonly operand: Expression }
  | { readonly kind: 'In'; readonly at: number; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'List'; readonly at: number; readonly items: readonly Expression[] }
  /**
   * Canonical functions by name in lower case, any other by name as written; `case` is a Call whose args alternate
   * condition, value.
   */
  | { readonly kind: 'Call'; readonly at: number; readonly name: string; readonly args: readonly Expression[] }
  /** `cast(e,T)`, `cast(T)`, `isof(e,T)`, `isof(T)`; `operand` null means the current instance. */
  | {
      readonly kind: 'TypeCall';
      readonly at: number;
      readonly name: 'cast' | 'isof';
      readonly operand: Expression | null;
      readonly typeName: string;
    }
  /** A JSON object, or an array of other than primitive values, as text. `[1,"a"]` is a `List` of literals. */
  | { readonly kind: 'Json'; readonly at: number; readonly text: string };

/** `A/B/C`, `$it/A`, `x/A`, `Items/any(i:i/A gt 1)`, `Items/$count($filter=...)`. */
export interface MemberPath {
  readonly kind: 'MemberPath';
  readonly at: number;
  readonly segments: readonly MemberSegment[];
}

export type MemberSegment =
  | { readonly kind: 'Name'; readonly at: number; readonly name: string; readonly keys: KeyPredicate | null }
  /** `$it`, `$this`, `$root`; only as the first segment. */
  | { readonly kind: 'Variable'; readonly at: number; readonly name: '$it' | '$this' | '$root' }
  | {
      readonly kind: 'Count';
      readonly at: number;
      readonly filter: Expression | null;
      readonly search: SearchExpression | null;
    }
  | { readonly kind: 'FilterSegment'; readonly at: number; readonly condition: Expression }
  | {
      readonly kind: 'Lambda';
      readonly at: number;
      readonly operator: 'any' | 'all';
      readonly variable: string | null;
      readonly predicate: Expression | null;
    };

export type SearchExpression =
  | { readonly kind: 'Word'; readonly at: number; readonly text: string }
  | { readonly kind: 'Phrase'; readonly at: number; readonly text: string }
  | { readonly kind: 'Not'; readonly at: number; readonly operand: SearchExpression }
  | {
      readonly kind: 'And' | 'Or';
      readonly at: number;
      readonly left: SearchExpression;
      readonly right: SearchExpression;
    };

// ---------------------------------------------------------------- query options

export interface OrderByItem {
  readonly at: number;
  readonly expression: Expression;
  readonly direction: 'asc' | 'desc';
}

export interface ComputeItem {
  readonly at: number;
  readonly expression: Expression;
  readonly alias: string;
}

/** One item of `$select`: a path of names or `*`; `options` in parentheses after it (4.01). */
export interface SelectItem {
  readonly at: number;
  readonly path: readonly string[];
  readonly wildcard: boolean;
  readonly options: QueryOptions | null;
}

/** One item of `$expand`: `Nav`, `Nav/$ref`, `Nav/$count`, `*`, `*($levels=2)`. */
export interface ExpandItem {
  readonly at: number;
  readonly path: readonly string[];
  readonly wildcard: boolean;
  readonly suffix: 'ref' | 'count' | null;
  readonly options: QueryOptions | null;
}

/** Every system query option, also those of a nested `$expand`. An absent option is absent here. */
export interface QueryOptions {
  readonly filter?: Expression;
  readonly orderby?: readonly OrderByItem[];
  readonly select?: readonly SelectItem[];
  readonly expand?: readonly ExpandItem[];
  readonly compute?: readonly ComputeItem[];
  readonly search?: SearchExpression;
  readonly apply?: readonly Transformation[];
  readonly top?: number;
  readonly skip?: number;
  readonly count?: boolean;
  /** `max` or a positive number; only inside `$expand`. */
  readonly levels?: number | 'max';
  readonly format?: string;
  readonly skiptoken?: string;
  readonly deltatoken?: string;
  readonly schemaversion?: string;
  readonly id?: string;
  readonly index?: number;
}

/** A request URL below the service root. */
export interface ODataUri {
  readonly path: ResourcePath;
  readonly options: QueryOptions;
  /** `@name=expression`, by name without the `@`. */
  readonly aliases: ReadonlyMap<string, Expression>;
  /** Custom query options, as decoded; the last of a name wins. */
  readonly custom: ReadonlyMap<string, string>;
}

// ---------------------------------------------------------------- $apply (OData Extension for Data Aggregation 4.0)

export type Transformation =
  | { readonly kind: 'identity'; readonly at: number }
  | { readonly kind: 'filter'; readonly at: number; readonly condition: Expression }
  | { readonly kind: 'search'; readonly at: number; readonly expression: SearchExpression }
  | { readonly kind: 'compute'; readonly at: number; readonly items: readonly ComputeItem[] }
  | { readonly kind: 'orderby'; readonly at: number; readonly items: readonly OrderByItem[] }
  | { readonly kind: 'top' | 'skip'; readonly at: number; readonly count: number }
  | { readonly kind: 'aggregate'; readonly at: number; readonly items: readonly AggregateItem[] }
  | {
      readonly kind: 'groupby';
      readonly at: number;
      readonly properties: readonly GroupingItem[];
      readonly transformations: readonly Transformation[];
    }
  | {
      readonly kind: 'ranked';
      readonly at: number;
      readonly name: 'topcount' | 'toppercent' | 'topsum' | 'bottomcount' | 'bottompercent' | 'bottomsum';
      readonly amount: Expression;
      readonly by: Expression;
    }
  | { readonly kind: 'concat'; readonly at: number; readonly branches: readonly (readonly Transformation[])[] }
  | {
      readonly kind: 'join';
      readonly at: number;
      /** `outerjoin`: rows that lead nowhere are kept. */
      readonly outer: boolean;
      readonly path: readonly string[];
      readonly alias: string;
      readonly transformations: readonly Transformation[];
    }
  | {
      readonly kind: 'expand';
      readonly at: number;
      readonly path: readonly string[];
      readonly transformations: readonly Transformation[];
    }
  /** A transformation the grammar knows and this tree does not detail (`nest`, `traverse`, custom ...); answered 501. */
  | { readonly kind: 'other'; readonly at: number; readonly name: string };

export type GroupingItem =
  | { readonly kind: 'path'; readonly at: number; readonly path: readonly string[] }
  | {
      readonly kind: 'rollup';
      readonly at: number;
      readonly all: boolean;
      readonly paths: readonly (readonly string[])[];
    };

/** `Amount with sum as Total`, `$count as Rows`, `Amount with sum from Customer with average as X`, `Custom.Metric`. */
export interface AggregateItem {
  readonly at: number;
  /** null for `$count`. */
  readonly expression: Expression | null;
  /** Path before `/$count`, e.g. `Items/$count`; empty for plain `$count`. */
  readonly countPath: readonly string[];
  readonly method: string | null;
  readonly from: readonly { readonly path: readonly string[]; readonly method: string | null }[];
  readonly alias: string | null;
}
