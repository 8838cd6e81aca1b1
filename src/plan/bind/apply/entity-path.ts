import type { EntitySet, Property } from '../../../edm/model.ts';
import type { AggregateItem, Expression } from '../../../uri/syntax.ts';
import type { BoundAggregate, BoundExpression, EntityPath, NavigationStep } from '../../model/read-plan.ts';
import { perhaps } from '../names.ts';
import { fault, isOwnType, type Scope, targetSet } from '../scope.ts';

/** Entities to aggregate, and the property of theirs that is; null: the entities themselves. */
export interface AggregatedPath {
  readonly over: EntityPath;
  readonly property: Property | null;
}

/**
 * A path over navigation that is aggregated as such: then each entity reached counts once, however many rows lead to it
 * (Data Aggregation 4.0, 3.2.1.1, determination of A). Null: the expression is evaluated for each row, or the method does
 * not care how often a value comes.
 */
export function entityPath(
  expression: Expression,
  method: BoundAggregate['method'],
  scope: Scope,
): AggregatedPath | null {
  if (expression.kind !== 'MemberPath') {
    return null;
  }
  const names: string[] = [];
  for (const segment of expression.segments) {
    if (segment.kind !== 'Name' || segment.keys !== null) {
      return null;
    }
    names.push(segment.name);
  }
  const path = walked(names, scope);
  if (path === null || path.unknown !== null) {
    return null;
  }
  const { over, property } = path;
  const toOne = over.steps.every((step) => !step.navigation.collection);
  const once = method === 'min' || method === 'max' || method === 'countdistinct';
  return toOne && once && property !== null ? null : { over, property };
}

/** `A/B/$count`: the entities at the end of the path. */
export function countedPath(item: AggregateItem, scope: Scope): EntityPath {
  const path = walked(item.countPath, scope);
  const name = item.countPath.join('/');
  if (path !== null && path.unknown === null && path.property === null) {
    return path.over;
  }
  if (path?.property != null) {
    throw fault(scope, 'TypeMismatch', `'${name}' is a plain value; count entities.`, item.at);
  }
  const known = scope.row?.set.entityType.navigationProperties.keys() ?? [];
  const hint = perhaps(item.countPath.at(-1) ?? '', known);
  throw fault(scope, 'UnknownProperty', `there are no entities '${name}' to count here.${hint}`, item.at);
}

/** The property of each entity, as an expression of the path's variable. */
export function valueAt({ over, property }: AggregatedPath): BoundExpression {
  if (property === null) {
    throw new Error('valueAt: no property');
  }
  const { type, nullable } = property;
  return { kind: 'PropertyValue', type, nullable, row: { variable: over.variable, steps: [] }, property };
}

interface Walked extends AggregatedPath {
  readonly unknown: string | null;
}

/** Null where the path does not start with navigation from the row. */
function walked(names: readonly string[], scope: Scope): Walked | null {
  const { binding } = scope;
  const joined = scope.variables.get(names[0] ?? '');
  const from = joined ?? scope.row;
  if (from === null || scope.computed.has(names.join('/'))) {
    return null;
  }
  const steps: NavigationStep[] = [];
  let set: EntitySet = from.set;
  let property: Property | null = null;
  let unknown: string | null = null;
  for (const name of joined === undefined ? names : names.slice(1)) {
    const navigation = set.entityType.navigationProperties.get(name);
    if (property !== null || unknown !== null) {
      return null;
    }
    if (isOwnType(binding.context.model, set, name)) {
      continue;
    }
    if (navigation !== undefined) {
      set = targetSet(binding.context.model, set, navigation);
      steps.push({ navigation, set });
    } else {
      property = plainProperty(set, name);
    }
    if (navigation === undefined && property === null) {
      unknown = name;
    }
  }
  if (steps.length === 0 && joined === undefined) {
    return null;
  }
  const start = joined === undefined ? [] : [joined.name];
  const variable = { name: [...start, ...steps.map(({ navigation }) => navigation.name)].join('/'), set };
  return { over: { from, steps, variable }, property, unknown };
}

function plainProperty(set: EntitySet, name: string): Property | null {
  const property = set.entityType.properties.get(name);
  return property === undefined || property.collection ? null : property;
}
