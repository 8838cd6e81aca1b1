import type { EntitySet } from '../../edm/model.ts';
import { referencesOf } from '../logic/references.ts';
import type { BoundExpression, CollectionPath, NavigationStep, RangeVariable, RowPath } from '../model/read-plan.ts';
import { mapExpression } from '../model/walk.ts';
import { crosses, type Placement } from './placement.ts';

/** The row of another source that a condition speaks of. */
export interface FilterRoot {
  /** The row before the step to the other source. */
  readonly from: RowPath;
  readonly step: NavigationStep;
}

/** Whether a condition follows a navigation that no single source can, anywhere in it. */
export function expressionCrosses(expression: BoundExpression | null, placement: Placement): boolean {
  if (expression === null) {
    return false;
  }
  const { rows, collections } = referencesOf(expression);
  return (
    rows.some((row) => rootOf(row, placement) !== null) || collections.some((over) => leadsAcross(over, placement))
  );
}

/** Whether the rows of a lambda are those of another source than the row that they are reached from. */
export function leadsAcross({ from, navigation, variable }: CollectionPath, placement: Placement): boolean {
  return crosses(placement, { from: setAt(from), navigation, to: variable.set });
}

/** The one row of another source that all of a condition speaks of; null: it speaks of other rows as well, or of none. */
export function onlyRoot(expression: BoundExpression, placement: Placement): FilterRoot | null {
  const { rows, collections, computed } = referencesOf(expression);
  if (computed) {
    return null;
  }
  const inner = new Set(collections.map(({ variable }) => variable));
  const roots = rows.filter(({ variable }) => !inner.has(variable)).map((row) => rootOf(row, placement));
  const [first, ...more] = roots;
  if (first === undefined || first === null) {
    return null;
  }
  return more.every((root) => root !== null && isSame(root, first)) ? first : null;
}

/** Whether a condition speaks of no other row than those of a variable, and of lambdas within it. */
export function speaksOnlyOf(expression: BoundExpression, own: RangeVariable): boolean {
  const { rows, collections, computed } = referencesOf(expression);
  const known = new Set([own, ...collections.map(({ variable }) => variable)]);
  return !computed && rows.every(({ variable }) => known.has(variable));
}

const isSame = (a: FilterRoot, b: FilterRoot): boolean =>
  a.from.variable === b.from.variable && placeOf(a) === placeOf(b);

/** The names of the steps, and the keys of those that have one. */
const placeOf = ({ from, step }: FilterRoot): string =>
  JSON.stringify(
    [...from.steps, step].map(({ navigation, key }) => [navigation.name, key?.map(({ value }) => value.value)]),
  );

/** Where a path leaves the source that it begins in; null: nowhere. */
function rootOf({ variable, steps }: RowPath, placement: Placement): FilterRoot | null {
  let { set } = variable;
  for (const [index, step] of steps.entries()) {
    if (crosses(placement, { from: set, navigation: step.navigation, to: step.set })) {
      return { from: { variable, steps: steps.slice(0, index) }, step };
    }
    set = step.set;
  }
  return null;
}

/** The set of the row that a path leads to. */
export const setAt = ({ variable, steps }: RowPath): EntitySet => steps.at(-1)?.set ?? variable.set;

/** The condition about the row behind a root, as one about a row of its own. */
export const rebased = (expression: BoundExpression, { from }: FilterRoot, variable: RangeVariable): BoundExpression =>
  mapExpression(expression, {
    row: (row) => (row.variable === from.variable ? { variable, steps: row.steps.slice(from.steps.length + 1) } : row),
  });
