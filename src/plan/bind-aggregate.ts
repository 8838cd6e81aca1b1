import type { PrimitiveTypeName } from '../edm/model.ts';
import type { AggregateItem, Transformation } from '../uri/syntax.ts';
import { outputScope } from './apply-output.ts';
import type { Stage } from './bind-apply.ts';
import { describe } from './bind-comparison.ts';
import { bindExpression } from './bind-expression.ts';
import { groupingKey } from './bind-groupby.ts';
import { isInteger, isNumeric } from './promotion.ts';
import type { BoundAggregate, BoundExpression, OutputProperty, ValueType } from './read-plan.ts';
import { fault, type Scope } from './scope.ts';

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
  if (item.countPath.length > 0) {
    throw fault(scope, 'NotImplemented', `counting '${item.countPath.join('/')}' in an aggregate.`, item.at);
  }
  if (item.expression === null) {
    const alias = aliasOf(item, scope);
    return {
      alias,
      type: 'Edm.Int64',
      nullable: false,
      method: 'count',
      expression: null,
      from: fromOf(item, scope).from,
    };
  }
  if (item.method === null) {
    throw fault(scope, 'NotImplemented', 'custom aggregates; write `Property with sum as Name`.', item.at);
  }
  const alias = aliasOf(item, scope);
  const method = methodOf(item.method, scope, item.at);
  const expression = bindExpression(item.expression, scope);
  const inner = aggregated(method, expression, { scope, at: item.at });
  const { from, methods } = fromOf(item, scope);
  const type = methods.reduce((value, outer) => resultType(outer, value, { scope, at: item.at }), inner);
  const last = methods.at(-1) ?? method;
  return { alias, type, nullable: last !== 'count' && last !== 'countdistinct', method, expression, from };
}

function aliasOf(item: AggregateItem, scope: Scope): string {
  if (item.alias !== null) return item.alias;
  throw fault(scope, 'InvalidOption', 'an aggregate needs a name: write `... as Name`.', item.at);
}

interface From {
  readonly from: BoundAggregate['from'];
  readonly methods: readonly Method[];
}

/** `from A,B with max`: keys without a method of their own belong to the next one. */
function fromOf(item: AggregateItem, scope: Scope): From {
  const from: BoundAggregate['from'][number][] = [];
  let keys: BoundAggregate['from'][number]['keys'] = [];
  for (const { path, method } of item.from) {
    keys = [...keys, groupingKey(path, scope, { rollup: null, at: item.at })];
    if (method === null) continue;
    from.push({ keys, method: methodOf(method, scope, item.at) });
    keys = [];
  }
  if (keys.length > 0) throw fault(scope, 'InvalidOption', '`from` needs a method: `from Property with max`.', item.at);
  return { from, methods: from.map((step) => step.method) };
}

const methods: ReadonlySet<string> = new Set<Method>(['sum', 'min', 'max', 'average', 'countdistinct']);

const isMethod = (name: string): name is Method => methods.has(name);

function methodOf(name: string, scope: Scope, at: number): Method {
  if (isMethod(name)) return name;
  throw fault(scope, 'NotImplemented', `the aggregation method '${name}'; there is ${[...methods].join(', ')}.`, at);
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
  if (method === 'count' || method === 'countdistinct') return 'Edm.Int64';
  const ordered = !unordered.has(type);
  if ((method === 'min' || method === 'max') && ordered) return type;
  if ((method === 'sum' || method === 'average') && type === 'Edm.Duration') return type;
  if ((method === 'sum' || method === 'average') && isNumeric(type)) return summed(method, type);
  throw fault(scope, 'TypeMismatch', `${method} of values of type ${type} is not defined.`, at);
}

const unordered: ReadonlySet<ValueType> = new Set<ValueType>(['Edm.Boolean', 'Edm.Binary', 'Edm.Guid']);

function summed(method: 'sum' | 'average', type: PrimitiveTypeName): PrimitiveTypeName {
  if (type === 'Edm.Single' || type === 'Edm.Double') return 'Edm.Double';
  return method === 'sum' && isInteger(type) && type !== 'Edm.Int64' ? 'Edm.Int64' : 'Edm.Decimal';
}
