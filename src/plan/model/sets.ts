import type { EntitySet } from '../../edm/model.ts';
import type { ReadPlan, SetFacts, SetPlan } from './read-plan.ts';
import { isRestricted } from './restricted-set.ts';
import type { RowSource } from './rows.ts';
import { visitPlan } from './walk.ts';

export function setFactsOf(plan: ReadPlan): SetFacts {
  const names = new Set<string>();
  const conditions = new Map<string, string>();
  visitPlan(plan, {
    set: (set) => {
      names.add(set.name);
      if (isRestricted(set) && !conditions.has(set.name)) {
        conditions.set(set.name, set.rule);
        for (const name of set.rows.reads) {
          names.add(name);
        }
      }
    },
  });
  const sorted = [...conditions].sort(([a], [b]) => (a < b ? -1 : 1));
  return { setNames: [...names].sort(), rowConditions: sorted.length === 0 ? '' : JSON.stringify(sorted) };
}

export const setsOf = (plan: ReadPlan): readonly string[] => setFactsOf(plan).setNames;

/** The set whose rows a source gives. */
export const sourceSet = (source: RowSource): EntitySet =>
  source.kind === 'Set' || source.kind === 'Navigated' ? source.set : sourceSet(source.from);

/** Whether a plan reads one set's rows, or something of them. */
export const isSetPlan = (plan: ReadPlan): plan is SetPlan =>
  plan.kind === 'Collection' || plan.kind === 'Entity' || plan.kind === 'PropertyRead' || plan.kind === 'Count';
