import { isAlways } from '../../plan/logic/condition.ts';
import type { ReadPlan, Restriction, RowSource, Selection } from '../../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../../upstream/upstream.ts';
import { pathOrExpandCrosses, type Sources } from './crossing.ts';
import { filterAcross } from './filter-across.ts';
import { expressionCrosses } from './filter-root.ts';
import type { Place } from './place.ts';

/** Whether the path, a filter or an `$expand` of a plan crosses sources. Orders and `$apply` that do are refused by their compilers. */
export function crossesSources(plan: ReadPlan, sources: Sources): plan is UpstreamPlan {
  return (
    isOfRows(plan) &&
    (pathOrExpandCrosses(plan, sources) || conditionCrosses(plan.source, sources) || filterCrosses(plan, sources))
  );
}

const isOfRows = (plan: ReadPlan): plan is UpstreamPlan =>
  plan.kind === 'Collection' || plan.kind === 'Entity' || plan.kind === 'PropertyRead' || plan.kind === 'Count';

/** Of a `/$filter(...)` in the path. */
function conditionCrosses(source: RowSource, sources: Sources): boolean {
  if (source.kind === 'Set') {
    return false;
  }
  const own = source.kind === 'Filtered' && expressionCrosses(source.condition, sources);
  return own || conditionCrosses(source.from, sources);
}

/** Whether a `$filter` of a plan, at any level, follows a navigation between sources. */
export function filterCrosses(plan: UpstreamPlan, sources: Sources): boolean {
  switch (plan.kind) {
    case 'Collection':
      if (plan.apply !== null) {
        return false;
      }
      return expressionCrosses(plan.restriction.filter, sources) || nestedCrosses(plan.selection, sources);
    case 'Count':
      return plan.apply === null && expressionCrosses(plan.restriction.filter, sources);
    case 'Entity':
      return nestedCrosses(plan.selection, sources);
    case 'PropertyRead':
      return false;
  }
}

function nestedCrosses({ expands }: Selection, sources: Sources): boolean {
  return expands.some(
    ({ restriction, selection, apply }) =>
      apply === undefined && (expressionCrosses(restriction.filter, sources) || nestedCrosses(selection, sources)),
  );
}

/** A plan whose filters their own sources can evaluate. Throws as `filterAcross` does. */
export async function resolveFilters(plan: UpstreamPlan, place: Place): Promise<UpstreamPlan> {
  if (!filterCrosses(plan, place.sources)) {
    return plan;
  }
  switch (plan.kind) {
    case 'Collection': {
      const selection = await selected(plan.selection, place);
      return { ...plan, selection, restriction: await restricted(plan.restriction, place) };
    }
    case 'Count':
      return { ...plan, restriction: await restricted(plan.restriction, place) };
    case 'Entity':
      return { ...plan, selection: await selected(plan.selection, place) };
    case 'PropertyRead':
      return plan;
  }
}

async function selected(selection: Selection, place: Place): Promise<Selection> {
  if (!nestedCrosses(selection, place.sources)) {
    return selection;
  }
  const expands: Selection['expands'][number][] = [];
  for (const expand of selection.expands) {
    expands.push(
      expand.apply === undefined
        ? {
            ...expand,
            restriction: await restricted(expand.restriction, place),
            selection: await selected(expand.selection, place),
          }
        : expand,
    );
  }
  return { ...selection, expands };
}

async function restricted(restriction: Restriction, place: Place): Promise<Restriction> {
  if (restriction.filter === null) {
    return restriction;
  }
  const filter = await filterAcross(restriction.filter, place);
  return { ...restriction, filter: isAlways(filter) ? null : filter };
}
