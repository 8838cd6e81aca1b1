import type { ReadPlan } from './read-plan.ts';
import { visitPlan } from './walk.ts';

/** Names of all entity sets whose rows may take part in a plan, in alphabetical order. */
export function setsOf(plan: ReadPlan): readonly string[] {
  const names = new Set<string>();
  visitPlan(plan, { set: ({ name }) => names.add(name) });
  return [...names].sort();
}
