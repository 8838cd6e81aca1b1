import type { NavigationProperty } from '../../../edm/model.ts';
import type { Transformation } from '../../../uri/syntax.ts';
import type { ApplyPlan, RangeVariable } from '../../model/read-plan.ts';
import { perhaps } from '../names.ts';
import { isTaken } from '../rows/compute.ts';
import { type ComputedName, fault, isOwnType, notImplemented, type Scope, targetSet } from '../scope.ts';
import { bindTransformations } from './apply.ts';
import { firstStage, hasEntities, type Joined, type Stage } from './stage.ts';

type Join = Extract<Transformation, { kind: 'join' }>;

/**
 * `join(Nav as Alias[,T])` and `outerjoin` (Data Aggregation 4.0, 3.5.1): each row once for each row that it leads to,
 * after T. What follows names the joined row by its alias; it is served only where `$expand` asks for it.
 */
export function bindJoin(transformation: Join, stage: Stage): Stage {
  const { scope } = stage;
  const { alias, outer, at } = transformation;
  const { navigation, row } = joinedNavigation(transformation, scope);
  const set = targetSet(scope.binding.context.model, row.set, navigation);
  const inner: RangeVariable = { name: alias, set };
  const within: Scope = { ...scope, row: inner, computed: new Map() };
  const bound = bindTransformations(transformation.transformations, firstStage(within));
  if (hasEntities(bound)) {
    throw notImplemented(scope, 'entities-in-groups', 'entities that were grouped by, inside of join.', at);
  }
  const { transformations, output, keepsEntities } = bound;
  const apply: ApplyPlan = { transformations, output, keepsEntities };
  const variable = bound.scope.row === null ? null : { ...inner, optional: outer };
  const step = { kind: 'join', navigation, set, alias, outer, apply, inner, variable } as const;
  const names = new Map<string, ComputedName>();
  for (const [name, { type, nullable }] of bound.scope.computed) {
    names.set(`${alias}/${name}`, { type, nullable: nullable || outer, expression: null });
  }
  return {
    ...stage,
    scope: {
      ...scope,
      variables: variable === null ? scope.variables : new Map([...scope.variables, [alias, variable]]),
      computed: new Map([...scope.computed, ...names]),
    },
    transformations: [...stage.transformations, step],
    keepsEntities: false,
    joined: new Map([...(stage.joined ?? []), [alias, joinedAs(transformation, bound, variable)]]),
  };
}

function joinedAs({ alias, outer }: Join, { output }: Stage, variable: RangeVariable | null): Joined {
  if (variable !== null) {
    return { kind: 'entity', variable, byDefault: false };
  }
  return {
    kind: 'row',
    output: output.map((one) => ({ ...one, path: [alias, ...one.path], nullable: one.nullable || outer })),
  };
}

function joinedNavigation(
  { path, alias, at }: Join,
  scope: Scope,
): { readonly navigation: NavigationProperty; readonly row: RangeVariable } {
  const { row, binding } = scope;
  if (row === null) {
    throw fault(scope, 'InvalidOption', 'aggregated rows lead to no others; join before.', at);
  }
  const type = row.set.entityType;
  const { model } = binding.context;
  const [first = '', ...rest] = path.filter((one, index) => index > 0 || !isOwnType(model, row.set, one));
  const reached = type.navigationProperties.get(first);
  const target = reached === undefined ? null : targetSet(model, row.set, reached);
  // A cast to the type that the navigation leads to changes nothing.
  const more = rest.filter((one) => target === null || !isOwnType(model, target, one));
  const name = [first, ...more].join('/');
  const navigation = more.length === 0 ? reached : undefined;
  if (navigation === undefined) {
    const hint = perhaps(name, type.navigationProperties.keys());
    throw fault(scope, 'UnknownProperty', `'${type.name}' has no navigation property '${name}' to join.${hint}`, at);
  }
  if (!navigation.collection) {
    throw fault(scope, 'TypeMismatch', `'${name}' leads to one row: name its properties as ${name}/...`, at);
  }
  if (isTaken(alias, scope) || [...scope.computed.keys()].some((one) => one.startsWith(`${alias}/`))) {
    throw fault(scope, 'InvalidOption', `the name '${alias}' is already taken.`, at);
  }
  return { navigation, row };
}
