import type { RowCondition } from '../model/restricted-set.ts';
import { visitExpression } from '../model/walk.ts';

/**
 * Whether a condition speaks of nothing but the key of its row: then it is true of a row for as long as there is the row,
 * and of one that is gone it is known whether it was.
 */
export function speaksOfKeyAlone({ condition, variable }: RowCondition): boolean {
  const { key } = variable.set.entityType;
  let alone = true;
  visitExpression(condition, {
    row: (row) => {
      alone &&= row.variable === variable && row.steps.length === 0;
    },
    property: ({ name }) => {
      alone &&= key.includes(name);
    },
    collection: () => {
      alone = false;
    },
  });
  return alone;
}
