import type { EntitySet, NavigationProperty, Property } from '../../edm/model.ts';
import { isAlways } from '../logic/condition.ts';
import { keyedCondition } from '../logic/keyed-condition.ts';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../model/make.ts';
import type { BoundExpression, CollectionPlan, RangeVariable, RowSource } from '../model/read-plan.ts';
import { joinProperties } from './join-key.ts';
import type { Join } from './split-selection.ts';

/** What is asked of one source in place of a step, a condition or an expand that leads there from another one. */

/** The rows that a navigation leads to from a row whose joined values are `key`, in the order of the join. */
export function rowsBehind(
  { navigation, set }: { readonly navigation: NavigationProperty; readonly set: EntitySet },
  key: readonly string[],
): RowSource {
  const properties = joinProperties(set.entityType, navigation, 'referencedProperty');
  const named = set.entityType.key.flatMap((name) => {
    const index = properties.findIndex((property) => property.name === name);
    const [property, value] = [properties[index], key[index]];
    return property === undefined || value === undefined
      ? []
      : [{ property, value: { kind: 'Constant', type: property.type, value } as const }];
  });
  const from = rowsOfSet(set);
  if (!navigation.collection && named.length === set.entityType.key.length) {
    return { kind: 'Keyed', from, key: named };
  }
  const variable = { name: '$it', set };
  const condition = keyedCondition({ set, properties, keys: [key], variable }, null);
  return { kind: 'Filtered', from, condition, variable };
}

/** Rows of a set that a condition holds for, of which only some values are wanted. */
export interface WantedValues {
  readonly set: EntitySet;
  readonly properties: readonly Property[];
  readonly condition: BoundExpression;
  /** The row that the condition speaks of. */
  readonly variable: RangeVariable;
}

/** The values, of `top` rows at most. */
export function valuesPlan(
  { set, properties, condition, variable }: WantedValues,
  { top, pageSize }: { readonly top: number; readonly pageSize: number },
): CollectionPlan {
  const filter = isAlways(condition) ? null : condition;
  return collectionOf({
    source: rowsOfSet(set),
    selection: onlyProperties(set, properties, variable),
    restriction: { ...noRestriction, filter, top, variable },
    pageSize,
  });
}

/** The rows of the other end of a join that have one of the keys; `$top`, `$skip` and `$count` are each parent's own. */
export function keyedPlan(
  { selection, theirs, expand }: Join,
  keys: readonly (readonly string[])[],
  most: number,
): CollectionPlan {
  const variable = expand.restriction.variable ?? selection.variable;
  const filter = keyedCondition({ set: selection.set, properties: theirs, keys, variable }, expand.restriction.filter);
  const restriction = { ...expand.restriction, filter, top: most, skip: null, count: false };
  return collectionOf({ source: rowsOfSet(selection.set), selection, restriction, pageSize: most });
}
