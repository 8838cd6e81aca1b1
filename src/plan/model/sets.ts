import type { EntitySet } from '../../edm/model.ts';
import type { ReadPlan } from './read-plan.ts';
import type { RowSource } from './rows.ts';
import { visitPlan } from './walk.ts';

/** Names of all entity sets whose rows may take part in a plan, in alphabetical order. */
export function setsOf(plan: ReadPlan): readonly string[] {
  const names = new Set<string>();
  visitPlan(plan, { set: ({ name }) => names.add(name) });
  return [...names].sort();
}

/** The set whose rows a source gives. */
export const sourceSet = (source: RowSource): EntitySet =>
  source.kind === 'Set' || source.kind === 'Navigated' ? source.set : sourceSet(source.from);
