import type { EntitySet } from '../../edm/model.ts';
import type {
  BoundExpression,
  CollectionPath,
  NavigationStep,
  RangeVariable,
  RowPath,
} from '../../plan/model/read-plan.ts';
import { crosses, type Sources } from './crossing.ts';

/** The row of another source that a condition speaks of. */
export interface FilterRoot {
  /** The row before the step to the other source. */
  readonly from: RowPath;
  readonly step: NavigationStep;
}

/** Whether a condition follows a navigation that no single source can, anywhere in it. */
export function expressionCrosses(expression: BoundExpression | null, sources: Sources): boolean {
  if (expression === null) {
    return false;
  }
  const { rows, collections } = partsOf(expression);
  return rows.some((row) => rootOf(row, sources) !== null) || collections.some((over) => leadsAcross(over, sources));
}

/** Whether the rows of a lambda are those of another source than the row that they are reached from. */
export function leadsAcross({ from, navigation, variable }: CollectionPath, sources: Sources): boolean {
  return crosses(sources, { from: setAt(from), navigation, to: variable.set });
}

/** The one row of another source that all of a condition speaks of; null: it speaks of other rows as well, or of none. */
export function onlyRoot(expression: BoundExpression, sources: Sources): FilterRoot | null {
  const { rows, collections, computed } = partsOf(expression);
  if (computed) {
    return null;
  }
  const inner = new Set(collections.map(({ variable }) => variable));
  const roots = rows.filter(({ variable }) => !inner.has(variable)).map((row) => rootOf(row, sources));
  const [first, ...more] = roots;
  if (first === undefined || first === null) {
    return null;
  }
  return more.every((root) => root !== null && isSame(root, first)) ? first : null;
}

/** Whether a condition speaks of no other row than those of a variable, and of lambdas within it. */
export function speaksOnlyOf(expression: BoundExpression, own: RangeVariable): boolean {
  const { rows, collections, computed } = partsOf(expression);
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
function rootOf({ variable, steps }: RowPath, sources: Sources): FilterRoot | null {
  let { set } = variable;
  for (const [index, step] of steps.entries()) {
    if (crosses(sources, { from: set, navigation: step.navigation, to: step.set })) {
      return { from: { variable, steps: steps.slice(0, index) }, step };
    }
    set = step.set;
  }
  return null;
}

/** The set of the row that a path leads to. */
export const setAt = ({ variable, steps }: RowPath): EntitySet => steps.at(-1)?.set ?? variable.set;

/** The condition about the row behind a root, as one about a row of its own. */
export function rebased(expression: BoundExpression, { from }: FilterRoot, variable: RangeVariable): BoundExpression {
  const moved = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null || isModel(node)) {
      return node;
    }
    if (Array.isArray(node)) {
      return node.map(moved);
    }
    if (isRowPath(node)) {
      return node.variable === from.variable ? { variable, steps: node.steps.slice(from.steps.length + 1) } : node;
    }
    // The variable of a lambda is compared by identity.
    return Object.fromEntries(
      Object.entries(node).map(([name, part]) => [name, name === 'variable' ? part : moved(part)]),
    );
  };
  return moved(expression) as BoundExpression;
}

interface Parts {
  readonly rows: RowPath[];
  readonly collections: CollectionPath[];
  /** A computed value stands in it, which is one of the row that was asked for. */
  computed: boolean;
}

/** Every row that an expression names, and every collection, however deep. */
function partsOf(node: unknown, parts: Parts = { rows: [], collections: [], computed: false }): Parts {
  if (typeof node !== 'object' || node === null || isModel(node)) {
    return parts;
  }
  if (isRowPath(node)) {
    parts.rows.push(node);
  } else {
    if ('kind' in node && node.kind === 'ComputedValue') {
      parts.computed = true;
    }
    if (isCollectionPath(node)) {
      parts.collections.push(node);
    }
    for (const part of Object.values(node)) {
      partsOf(part, parts);
    }
  }
  return parts;
}

const isRowPath = (node: object): node is RowPath => 'variable' in node && 'steps' in node;
const isCollectionPath = (node: object): node is CollectionPath => 'from' in node && 'navigation' in node;

/** Parts of the model are pointed at and never looked into; a range variable names its set. */
const isModel = (node: object): boolean =>
  node instanceof Map ||
  ('kind' in node && ['EntitySet', 'EntityType', 'Property', 'NavigationProperty'].includes(String(node.kind))) ||
  ('name' in node && 'set' in node);
