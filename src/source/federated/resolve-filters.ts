import { filterCrosses, nestedCrosses } from '../../plan/federate/crossing.ts';
import { isAlways } from '../../plan/logic/condition.ts';
import type { Restriction, Selection } from '../../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../../upstream/upstream.ts';
import { filterAcross } from './filter-across.ts';
import type { JoinContext } from './join-context.ts';

/** A plan whose filters their own sources can evaluate. Throws as `filterAcross` does. */
export async function resolveFilters(plan: UpstreamPlan, context: JoinContext): Promise<UpstreamPlan> {
  if (!filterCrosses(plan, context.sources)) {
    return plan;
  }
  switch (plan.kind) {
    case 'Collection': {
      const selection = await selected(plan.selection, context);
      return { ...plan, selection, restriction: await restricted(plan.restriction, context) };
    }
    case 'Count':
      return { ...plan, restriction: await restricted(plan.restriction, context) };
    case 'Entity':
      return { ...plan, selection: await selected(plan.selection, context) };
    case 'PropertyRead':
      return plan;
  }
}

async function selected(selection: Selection, context: JoinContext): Promise<Selection> {
  if (!nestedCrosses(selection, context.sources)) {
    return selection;
  }
  const expands: Selection['expands'][number][] = [];
  for (const expand of selection.expands) {
    expands.push(
      expand.apply === undefined
        ? {
            ...expand,
            restriction: await restricted(expand.restriction, context),
            selection: await selected(expand.selection, context),
          }
        : expand,
    );
  }
  return { ...selection, expands };
}

async function restricted(restriction: Restriction, context: JoinContext): Promise<Restriction> {
  if (restriction.filter === null) {
    return restriction;
  }
  const filter = await filterAcross(restriction.filter, context);
  return { ...restriction, filter: isAlways(filter) ? null : filter };
}
