import type { BoundExpression, CollectionPath, RowPath } from '../model/expression.ts';
import type { Restriction } from '../model/rows.ts';
import type { Selection } from '../model/selection.ts';
import { type PlanVisitor, visitExpression, visitNode } from '../model/walk.ts';

/** What an expression speaks of, however deep inside it. */
export interface References {
  readonly rows: readonly RowPath[];
  readonly collections: readonly CollectionPath[];
  /** A computed value stands in it, which is one of the row that was asked for. */
  readonly computed: boolean;
}

export function referencesOf(expression: BoundExpression): References {
  const rows: RowPath[] = [];
  const collections: CollectionPath[] = [];
  let computed = false;
  visitExpression(expression, {
    row: (row) => rows.push(row),
    collection: (collection) => collections.push(collection),
    expression: ({ kind }) => {
      computed ||= kind === 'ComputedValue';
    },
  });
  return { rows, collections, computed };
}

/** Whether the value of another computed property stands anywhere in the expression. */
export const usesComputed = (expression: BoundExpression): boolean => referencesOf(expression).computed;

/**
 * Whether conditions, order keys or computed values speak of rows reached over a navigation or from `$root`, be they of
 * the same set: then a row's value may change although the row does not.
 */
export const readsOtherRows = (selection: Selection, restriction: Restriction): boolean =>
  findsOtherRows((visitor) => {
    visitNode('selection', selection, visitor);
    visitNode('restriction', restriction, visitor);
  });

/** The same of one condition or value. */
export const speaksOfOtherRows = (expression: BoundExpression): boolean =>
  findsOtherRows((visitor) => visitExpression(expression, visitor));

function findsOtherRows(visit: (visitor: PlanVisitor) => void): boolean {
  let found = false;
  const visitor: PlanVisitor = {
    expand: () => {
      found = true;
    },
    collection: () => {
      found = true;
    },
    row: ({ variable, steps }) => {
      found ||= steps.length > 0 || variable.key !== undefined;
    },
    expression: ({ kind }) => {
      found ||= kind === 'RowExists';
    },
  };
  visit(visitor);
  return found;
}

/** Names of the properties that an expression speaks of. */
export function propertiesIn(expression: BoundExpression): ReadonlySet<string> {
  const names = new Set<string>();
  visitExpression(expression, { property: ({ name }) => names.add(name) });
  return names;
}
