import type { BoundExpression } from '../model/expression.ts';
import { operandsOf } from './condition.ts';
import { isNullConstant } from './three-valued.ts';

/** Whether a property of the row itself has a value in all rows that meet a condition: it is compared there with what is not null, or said not to be. */
export function isNeverNull(value: BoundExpression, condition: BoundExpression | null): boolean {
  const own = ownProperty(value);
  if (own === null || condition === null) {
    return false;
  }
  return operandsOf(condition, 'and').some((part) => {
    if (part.kind !== 'Comparison') {
      return false;
    }
    const [side, other] = part.right.kind === 'Constant' ? [part.left, part.right] : [part.right, part.left];
    return ownProperty(side) === own && other.kind === 'Constant' && isNullConstant(other) === (part.operator === 'ne');
  });
}

/** The name of a property of the row itself; null: it is something else. */
const ownProperty = (value: BoundExpression): string | null =>
  value.kind === 'PropertyValue' && value.row.steps.length === 0 && value.row.variable.key === undefined
    ? value.property.name
    : null;
