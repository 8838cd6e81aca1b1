import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { AggregateItem, Transformation } from '../../../uri/syntax.ts';
import type {
  AggregateFrom,
  BoundAggregate,
  BoundExpression,
  OutputProperty,
  ValueType,
} from '../../model/read-plan.ts';
import { bindExpression } from '../expression/expression.ts';
import { describe } from '../expression/operand-text.ts';
import { isInteger, isNumeric } from '../expression/promotion.ts';
import { fault, notImplemented, type Scope } from '../scope.ts';
import { countedPath, entityPath, valueAt } from './entity-path.ts';
import { groupingKey } from './grouping-key.ts';
import { outputScope } from './output.ts';
import { presenceKeys } from './presence-keys.ts';
import type { Stage } from './stage.ts';

type Aggregate = Extract<Transformation, { kind: 'aggregate' }>;
type Method = BoundAggregate['method'];

/** `aggregate(...)` (Data Aggregation 4.0, 3.2): one row, of the aliases alone. */
export function bindAggregates(transformation: Aggregate, stage: Stage): Stage {
  const items = transformation.items.map((item) => bindAggregate(item, stage.scope));
  const names = new Set(items.map((item) => item.alias));
  if (names.size !== items.length) {
    throw fault(stage.scope, 'InvalidOption', 'two aggregates have the same name.', transformation.at);
  }
  const output = items.map(({ alias, type, nullable }): OutputProperty => ({ path: [alias], type, nullable }));
  return {
    scope: outputScope(output, stage.scope),
    transformations: [...stage.transformations, { kind: 'aggregate', items }],
    output,
    keepsEntities: false,
  };
}

function bindAggregate(item: AggregateItem, scope: Scope): BoundAggregate {
  if (item.expression === null) {
    return counted(item, scope);
  }
  if (item.method === null) {
    throw notImplemented(scope, 'custom-aggregates', 'custom aggregates; write `Property with sum as Name`.', item.at);
  }
  const method = methodOf(item.method, scope, item.at);
  const path = entityPath(item.expression, method, scope);
  if (path !== null && path.property === null) {
    if (method === 'countdistinct') {
      return { ...counted(item, scope), over: path.over };
    }
    throw fault(scope, 'TypeMismatch', `${method} of entities is not defined; name a property of them.`, item.at);
  }
  const expression = path === null ? bindExpression(item.expression, scope) : valueAt(path);
  const inner = aggregated(method, expression, { scope, at: item.at });
  const { from, type, last } = fromOf(item, { type: inner, method }, scope);
  const nullable = last !== 'count' && last !== 'countdistinct';
  const bound = { alias: aliasOf(item, scope), type, nullable, method, expression, from };
  return path === null ? bound : { ...bound, over: path.over };
}

/** `$count` of the rows, or `Path/$count` of the entities reached. */
function counted(item: AggregateItem, scope: Scope): BoundAggregate {
  const alias = aliasOf(item, scope);
  const { from, type, last } = fromOf(item, { type: 'Edm.Int64', method: 'count' }, scope);
  const nullable = last !== 'count' && last !== 'countdistinct';
  const bound = { alias, type, nullable, method: 'count', expression: null, from } as const;
  return item.countPath.length === 0 ? bound : { ...bound, over: countedPath(item, scope) };
}

function aliasOf(item: AggregateItem, scope: Scope): string {
  if (item.alias !== null) {
    return item.alias;
  }
  throw fault(scope, 'InvalidOption', 'an aggregate needs a name: write `... as Name`.', item.at);
}

interface Level {
  readonly type: PrimitiveTypeName;
  readonly method: Method;
}

interface From {
  readonly from: BoundAggregate['from'];
  /** Of the outermost result. */
  readonly type: PrimitiveTypeName;
  readonly last: Method;
}

/** `from A,B with max`: keys without a method of their own belong to the next one. */
function fromOf(item: AggregateItem, inner: Level, scope: Scope): From {
  const from: AggregateFrom[] = [];
  let keys: AggregateFrom['keys'] = [];
  let { type, method: last } = inner;
  for (const { path, method } of item.from) {
    keys = [...keys, groupingKey(path, scope, { rollup: null, at: item.at })];
    if (method === null) {
      continue;
    }
    last = methodOf(method, scope, item.at);
    from.push({ keys: [...keys, ...presenceKeys(keys, scope, item.at)], method: last, of: type });
    type = resultType(last, type, { scope, at: item.at });
    keys = [];
  }
  if (keys.length > 0) {
    throw fault(scope, 'InvalidOption', '`from` needs a method: `from Property with max`.', item.at);
  }
  return { from, type, last };
}

const methods: ReadonlySet<string> = new Set<Method>(['sum', 'min', 'max', 'average', 'countdistinct']);

const isMethod = (name: string): name is Method => methods.has(name);

function methodOf(name: string, scope: Scope, at: number): Method {
  if (isMethod(name)) {
    return name;
  }
  throw notImplemented(
    scope,
    'custom-aggregates',
    `the aggregation method '${name}'; there is ${[...methods].join(', ')}.`,
    at,
  );
}

interface Place {
  readonly scope: Scope;
  readonly at: number;
}

function aggregated(method: Method, expression: BoundExpression, place: Place): PrimitiveTypeName {
  if (expression.type === 'null') {
    throw fault(place.scope, 'TypeMismatch', `${describe(expression)} cannot be aggregated.`, place.at);
  }
  return resultType(method, expression.type, place);
}

/** Sums of small integers are Int64, of Int64 and averages of integers Decimal; floats stay Double. */
function resultType(method: Method, type: PrimitiveTypeName, { scope, at }: Place): PrimitiveTypeName {
  if (method === 'count' || method === 'countdistinct') {
    return 'Edm.Int64';
  }
  const ordered = !unordered.has(type);
  if ((method === 'min' || method === 'max') && ordered) {
    return type;
  }
  if ((method === 'sum' || method === 'average') && type === 'Edm.Duration') {
    return type;
  }
  if ((method === 'sum' || method === 'average') && isNumeric(type)) {
    return summed(method, type);
  }
  throw fault(scope, 'TypeMismatch', `${method} of values of type ${type} is not defined.`, at);
}

const unordered: ReadonlySet<ValueType> = new Set<ValueType>(['Edm.Boolean', 'Edm.Binary', 'Edm.Guid']);

function summed(method: 'sum' | 'average', type: PrimitiveTypeName): PrimitiveTypeName {
  if (type === 'Edm.Single' || type === 'Edm.Double') {
    return 'Edm.Double';
  }
  return method === 'sum' && isInteger(type) && type !== 'Edm.Int64' ? 'Edm.Int64' : 'Edm.Decimal';
}
