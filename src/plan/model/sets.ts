import type { EntitySet } from '../../edm/model.ts';
import type { ReadPlan } from './read-plan.ts';
import { isRestricted } from './restricted-set.ts';
import type { RowSource } from './rows.ts';
import { visitPlan } from './walk.ts';

/** Names of all entity sets whose rows decide what a plan gives, in alphabetical order: also those that conditions on rows read. */
export function setsOf(plan: ReadPlan): readonly string[] {
  const names = new Set<string>();
  visitPlan(plan, {
    set: (set) => {
      for (const name of isRestricted(set) ? [set.name, ...set.rows.reads] : [set.name]) {
        names.add(name);
      }
    },
  });
  return [...names].sort();
}

/** The set whose rows a source gives. */
export const sourceSet = (source: RowSource): EntitySet =>
  source.kind === 'Set' || source.kind === 'Navigated' ? source.set : sourceSet(source.from);
