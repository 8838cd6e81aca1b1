import { filterCrosses, nestedCrosses } from '../../plan/federate/crossing.ts';
import { isAlways } from '../../plan/logic/condition.ts';
import type { Restriction, Selection } from '../../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../../upstream/upstream.ts';
import { filterAcross } from './filter-across.ts';
import type { Place } from './place.ts';

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
