import type { UnsupportedFeature } from '../../../errors.ts';
import type { Transformation } from '../../../uri/syntax.ts';
import type { ApplyPlan, BoundTransformation, OutputProperty } from '../../model/read-plan.ts';
import { bindCondition, bindExpression } from '../expression/expression.ts';
import { describe } from '../expression/operand-text.ts';
import { converted, isInteger, isNumeric } from '../expression/promotion.ts';
import { checkLimit } from '../limits.ts';
import { bindCompute } from '../rows/compute.ts';
import { bindOrderBy, rowCount } from '../rows/restriction.ts';
import { bindSearch } from '../rows/search.ts';
import { fault, inOption, notImplemented } from '../scope.ts';
import { bindAggregates } from './aggregate.ts';
import { bindGroupBy } from './groupby.ts';
import { bindJoin } from './join.ts';
import { joinedOutput, outerRow } from './output.ts';
import { hasEntities, type Stage } from './stage.ts';

/**
 * `$apply`: each transformation sees only what the one before it gives (Data Aggregation 4.0, 3.1).
 * @throws GatewayError `NotImplemented` for `expand`, `nest`, custom aggregates and recursive hierarchies
 */
export function bindTransformations(transformations: readonly Transformation[], start: Stage): Stage {
  return transformations.reduce(bindTransformation, start);
}

function bindTransformation(stage: Stage, transformation: Transformation): Stage {
  const { usage, context } = stage.scope.binding;
  usage.transformations += 1;
  checkLimit(usage.transformations, context.limits.transformations, 'too many transformations');
  const { scope } = stage;
  switch (transformation.kind) {
    case 'identity':
      return stage;
    case 'filter':
      return then(stage, { kind: 'filter', condition: bindCondition(transformation.condition, scope) });
    case 'search':
      return searched(stage, transformation);
    case 'compute':
      return computed(stage, transformation);
    case 'orderby':
      return then(stage, { kind: 'orderby', keys: bindOrderBy(transformation.items, scope) });
    case 'top':
    case 'skip':
      return counted(stage, transformation);
    case 'aggregate':
      return bindAggregates(transformation, stage);
    case 'groupby':
      return bindGroupBy(transformation, stage);
    case 'ranked':
      return ranked(stage, transformation);
    case 'join':
      return bindJoin(transformation, stage);
    case 'concat':
      return bindConcat(transformation, stage);
    case 'expand':
      throw notImplemented(
        scope,
        'nested-transformations',
        'the transformation `expand` is not supported.',
        transformation.at,
      );
    case 'other':
      throw notImplemented(
        scope,
        otherFeature(transformation.name),
        `\`${transformation.name}\` is not supported.`,
        transformation.at,
      );
  }
}

const nested: ReadonlySet<string> = new Set(['nest', 'addnested']);

/** What a transformation that the tree only names belongs to. */
function otherFeature(name: string): UnsupportedFeature {
  if (nested.has(name)) {
    return 'nested-transformations';
  }
  return name.includes('.') ? 'custom-transformations' : 'hierarchies';
}

/** The stage with one more transformation that keeps its names. */
const then = (stage: Stage, transformation: BoundTransformation): Stage => ({
  ...stage,
  transformations: [...stage.transformations, transformation],
});

type Kind<K extends Transformation['kind']> = Extract<Transformation, { kind: K }>;

function searched(stage: Stage, { expression, at }: Kind<'search'>): Stage {
  const { scope } = stage;
  if (scope.row === null) {
    throw notImplemented(scope, 'search-in-derived-rows', 'aggregated rows cannot be searched.', at);
  }
  return then(stage, { kind: 'search', search: bindSearch(expression, scope.row.set, scope) });
}

function computed(stage: Stage, { items }: Kind<'compute'>): Stage {
  const { properties } = bindCompute(items, stage.scope, 'column');
  const names = new Map(stage.scope.computed);
  for (const { name, type, nullable } of properties) {
    names.set(name, { type, nullable, expression: null });
  }
  const output = properties.map(({ name, type, nullable }): OutputProperty => ({ path: [name], type, nullable }));
  const next = then(stage, { kind: 'compute', items: properties });
  return { ...next, scope: { ...stage.scope, computed: names }, output: [...stage.output, ...output] };
}

function counted(stage: Stage, { kind, count }: Kind<'top' | 'skip'>): Stage {
  return then(stage, { kind, count: rowCount(count, inOption(stage.scope, `$apply ${kind}`)) ?? 0 });
}

function ranked(stage: Stage, { name, amount, by, at }: Kind<'ranked'>): Stage {
  const { scope } = stage;
  const bound = bindExpression(amount, scope);
  if (bound.kind !== 'Constant' || bound.value === null || !isNumeric(bound.type) || !(Number(bound.value) > 0)) {
    throw fault(scope, 'InvalidOption', `${name} takes a positive number first.`, at);
  }
  const whole = name.endsWith('count') && !isInteger(bound.type);
  if (whole || (name.endsWith('percent') && Number(bound.value) > 100)) {
    throw fault(scope, 'InvalidOption', `${name} cannot take ${bound.value}.`, at);
  }
  const value = bindExpression(by, scope);
  if (!name.endsWith('count') && !isNumeric(value.type)) {
    throw fault(scope, 'TypeMismatch', `${name} adds numbers, not ${describe(value)}.`, at);
  }
  const exact = isInteger(bound.type) ? converted(bound, name.endsWith('count') ? 'Edm.Int64' : 'Edm.Decimal') : bound;
  return then(stage, { kind: 'ranked', name, amount: exact, by: value });
}

/** `concat`: every sequence over the same input, one result after the other. */
export function bindConcat({ branches, at }: Kind<'concat'>, stage: Stage): Stage {
  const { scope } = stage;
  const bound = branches.map((branch) => bindTransformations(branch, { ...stage, transformations: [] }));
  if (bound.some(hasEntities)) {
    throw notImplemented(scope, 'entities-in-groups', 'entities that were grouped by, in concat.', at);
  }
  const output = joinedOutput(bound, scope, at);
  const names = new Map(
    output.map(({ path, type, nullable }) => [path.join('/'), { type, nullable, expression: null }]),
  );
  const plans = bound.map(
    (branch): ApplyPlan => ({
      transformations: branch.transformations,
      output: branch.output,
      keepsEntities: branch.keepsEntities,
    }),
  );
  const next = then(stage, { kind: 'concat', branches: plans });
  return {
    ...next,
    scope: { ...scope, row: null, it: outerRow(scope), variables: new Map(), computed: names },
    output,
    keepsEntities: false,
    joined: new Map(),
  };
}
