import type { ReadPlan, RowSource, Selection, SetPlan } from '../model/read-plan.ts';
import { isSetPlan, sourceSet } from '../model/sets.ts';
import { expressionCrosses } from './filter-root.ts';
import { crosses, type ExpandPlace, expandIsJoined, type Placement, placeInside } from './placement.ts';

/** Whether the path, a filter or an `$expand` of a plan crosses sources. Orders and `$apply` that do are refused by their compilers. */
export function crossesSources(plan: ReadPlan, placement: Placement): plan is SetPlan {
  return (
    isSetPlan(plan) &&
    (pathOrExpandCrosses(plan, placement) || conditionCrosses(plan.source, placement) || filterCrosses(plan, placement))
  );
}

/** Of a `/$filter(...)` in the path. */
function conditionCrosses(source: RowSource, placement: Placement): boolean {
  if (source.kind === 'Set') {
    return false;
  }
  const own = source.kind === 'Filtered' && expressionCrosses(source.condition, placement);
  return own || conditionCrosses(source.from, placement);
}

/** Whether a `$filter` of a plan, at any level, follows a navigation between sources. */
export function filterCrosses(plan: SetPlan, placement: Placement): boolean {
  switch (plan.kind) {
    case 'Collection':
      if (plan.apply !== null) {
        return false;
      }
      return expressionCrosses(plan.restriction.filter, placement) || nestedCrosses(plan.selection, placement);
    case 'Count':
      return plan.apply === null && expressionCrosses(plan.restriction.filter, placement);
    case 'Entity':
      return nestedCrosses(plan.selection, placement);
    case 'PropertyRead':
      return false;
  }
}

/** Whether a filter inside of an `$expand` follows a navigation between sources. */
export function nestedCrosses({ expands }: Selection, placement: Placement): boolean {
  return expands.some(
    ({ restriction, selection, apply }) =>
      apply === undefined && (expressionCrosses(restriction.filter, placement) || nestedCrosses(selection, placement)),
  );
}

function pathOrExpandCrosses(plan: SetPlan, placement: Placement): boolean {
  switch (plan.kind) {
    case 'Collection':
    case 'Entity':
      return pathCrosses(plan.source, placement) || expandCrosses(plan.selection, placement);
    case 'PropertyRead':
    case 'Count':
      return pathCrosses(plan.source, placement);
  }
}

/** Whether a step of a path leads from one source to another. */
export function pathCrosses(source: RowSource, placement: Placement): boolean {
  if (source.kind === 'Set') {
    return false;
  }
  if (pathCrosses(source.from, placement)) {
    return true;
  }
  if (source.kind !== 'Navigated') {
    return false;
  }
  return crosses(placement, { from: sourceSet(source.from), navigation: source.navigation, to: source.set });
}

/** An expanded entity of references or counts has nothing inside that is served. `within`: where the selection stands. */
export function expandCrosses(
  { set, expands }: Selection,
  placement: Placement,
  within: ExpandPlace | null = null,
): boolean {
  return expands.some((expand) => {
    const place = placeInside(within, set, expand);
    return (
      expandIsJoined(placement, place) ||
      (expand.form === 'entities' && expandCrosses(expand.selection, placement, place))
    );
  });
}
