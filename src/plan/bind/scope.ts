import type { SetBinding } from '../../catalogue/catalogue.ts';
import type { EntitySet, Model, NavigationProperty } from '../../edm/model.ts';
import { type ErrorCode, type ErrorContext, GatewayError, type UnsupportedFeature } from '../../errors.ts';
import type { Expression } from '../../uri/syntax.ts';
import type { BoundExpression, RangeVariable, RowPath, ValueType } from '../model/read-plan.ts';
import { checkLimit, type PlanLimits, type Usage } from './limits.ts';

/** What the binder is given besides the URL. */
export interface BindContext {
  readonly model: Model;
  /** `catalogue.sets`: says of a set whether its changes are tracked. */
  readonly sets: ReadonlyMap<string, SetBinding>;
  /** Sets that are not in the model, by name: why. Absent: of none anybody knows. */
  readonly withheld?: ReadonlyMap<string, string>;
  readonly limits: PlanLimits;
  /** Rows of one page: the server's size or the client's smaller wish. */
  readonly pageSize: number;
  /** What `now()` is, ISO 8601 in UTC, e.g. `2026-01-31T12:00:00.000Z`. Asked only where the request says `now()`; always the same. */
  now(): string;
  /** Absolute service root with its final slash, for the absolute form of `$entity?$id=`; absent: only relative ids. */
  readonly serviceRoot?: string;
}

/** One bindRead call. */
export interface Binding {
  readonly context: BindContext;
  readonly aliases: ReadonlyMap<string, Expression>;
  readonly usage: Usage;
  /** Of the query, as tokens hold it. */
  readonly fingerprint: string;
}

/** A property made by `$compute` or by a transformation, by name or by path joined with `/`. */
export interface ComputedName {
  readonly type: Exclude<ValueType, 'null'>;
  readonly nullable: boolean;
  /** Stands in place of the name: a `$compute`d property need not be served to be filtered by. null: by name. */
  readonly expression: BoundExpression | null;
  /** Nodes of that expression, counted again wherever it stands; absent: one. */
  readonly nodes?: number;
}

/** What names mean at one place of the request. */
export interface Scope {
  readonly binding: Binding;
  /** The query option being bound, for messages. */
  readonly option: string;
  /** What a bare property name and `$this` belong to; null: after an aggregation, and in a crossjoin. */
  readonly row: RangeVariable | null;
  /** What `$it` means; null as for `row`. */
  readonly it: RangeVariable | null;
  /** Lambda variables, and the sets of a crossjoin, by name. */
  readonly variables: ReadonlyMap<string, RangeVariable>;
  readonly computed: ReadonlyMap<string, ComputedName>;
  /** Names that the `$compute` being bound gives from here on: an expression of it cannot use them yet. */
  readonly pending?: ReadonlySet<string> | undefined;
  /** Aliases being resolved, to refuse one that needs itself. */
  readonly resolving: readonly string[];
}

/** A row where a value may be wanted: only `eq null` and `ne null` make a value of it. */
export interface RowOperand {
  readonly kind: 'Row';
  readonly row: RowPath;
}

export type Operand = BoundExpression | RowOperand;

export function rowScope(binding: Binding, option: string, row: RangeVariable): Scope {
  return { binding, option, row, it: row, variables: new Map(), computed: new Map(), resolving: [] };
}

/** A scope in which no name means anything: for faults of the request as a whole, and for crossjoins. */
export const requestScope = (binding: Binding, option: string): Scope => ({
  binding,
  option,
  row: null,
  it: null,
  variables: new Map(),
  computed: new Map(),
  resolving: [],
});

export const inOption = (scope: Scope, option: string): Scope => ({ ...scope, option });

/** A fault of the URL; the option stands in the message and in `target`. */
export function fault(
  scope: Pick<Scope, 'option'>,
  code: Exclude<ErrorCode, 'NotImplemented'>,
  message: string,
  at: number | null = null,
): GatewayError {
  return new GatewayError(code, `${scope.option}: ${message}`, placed(scope, at));
}

/** A feature that OData defines and this feed does not do. */
export function notImplemented(
  scope: Pick<Scope, 'option'>,
  feature: UnsupportedFeature,
  message: string,
  at: number | null = null,
): GatewayError {
  return new GatewayError('NotImplemented', `${scope.option}: ${message}`, { ...placed(scope, at), feature });
}

const placed = ({ option }: Pick<Scope, 'option'>, at: number | null): ErrorContext =>
  at === null ? { target: option } : { target: option, offset: at };

/**
 * Takes nodes off the request's budget.
 * @throws GatewayError `LimitExceeded`
 */
export function countNodes({ binding }: Pick<Scope, 'binding'>, nodes: number): void {
  binding.usage.nodes += nodes;
  checkLimit(binding.usage.nodes, binding.context.limits.expressionNodes, 'too many parts in its expressions');
}

/**
 * Binds one node of an expression, one level deeper than what stands around it.
 * @throws GatewayError `LimitExceeded` past the request's number of nodes or levels
 */
export function asNode<T>(scope: Pick<Scope, 'binding'>, bind: () => T): T {
  const { usage, context } = scope.binding;
  countNodes(scope, 1);
  usage.nesting += 1;
  checkLimit(usage.nesting, context.limits.nesting, 'an expression nested too deeply, in levels');
  const bound = bind();
  usage.nesting -= 1;
  return bound;
}

/**
 * The set a navigation property leads to.
 * @throws GatewayError `NotImplemented` where the model binds it to no set
 */
export function targetSet(model: Model, set: EntitySet, navigation: NavigationProperty): EntitySet {
  const name = set.navigationPropertyBindings.get(navigation.name);
  const target = name === undefined ? undefined : model.entitySets.get(name);
  if (target === undefined) {
    throw new GatewayError(
      'NotImplemented',
      `The navigation property '${navigation.name}' of '${set.name}' leads to no entity set of this feed.`,
      { target: navigation.name, feature: 'unbound-navigation' },
    );
  }
  return target;
}

/** True for the qualified name of the set's own type: a type cast that changes nothing. */
export const isOwnType = (model: Model, set: EntitySet, name: string): boolean =>
  name === `${model.namespace}.${set.entityType.name}`;
