import type { BoundExpression, ComparisonOperator } from '../../plan/model/read-plan.ts';
import type { Scope } from '../scope.ts';
import { isFloat } from '../sql-type.ts';
import { withValues } from './given-values.ts';

/**
 * NaN is equal to nothing, not even to itself, and neither less nor greater than anything (URL Conventions 5.1.1.1). PostgreSQL has
 * it equal to itself and greater than all numbers, so that `Rate div Qty gt 5` would find the rows without a result.
 */

/** Whether the value can be NaN. A stored one never is: no cell of a file is read so. */
export function maybeNaN(expression: BoundExpression): boolean {
  if (!isFloat(expression.type)) {
    return false;
  }
  switch (expression.kind) {
    case 'Constant':
      return isNaNConstant(expression);
    case 'PropertyValue':
      return false;
    case 'Negate':
    case 'Convert':
      return maybeNaN(expression.operand);
    case 'Case':
      return expression.branches.some(({ then }) => maybeNaN(then));
    case 'Function':
      return expression.args.some(maybeNaN);
    default:
      return true;
  }
}

export const isNaNConstant = (expression: BoundExpression): boolean =>
  expression.kind === 'Constant' && isFloat(expression.type) && expression.value === 'NaN';

interface Sides {
  readonly left: BoundExpression;
  readonly right: BoundExpression;
}

/** A comparison of which a side may be NaN; `eq` and `ne` never give NULL, the others do for "no". `sql`: the two sides. */
export function comparisonWithNaN(
  operator: ComparisonOperator,
  { left, right }: Sides,
  { sql, sign, scope }: { readonly sql: readonly [string, string]; readonly sign: string; readonly scope: Scope },
): string {
  if (isNaNConstant(left) || isNaNConstant(right)) {
    return operator === 'ne' ? 'TRUE' : 'FALSE';
  }
  if (operator === 'eq' || operator === 'ne') {
    return withValues(sql, scope, (a, b) => {
      const same = `${a} IS NOT DISTINCT FROM ${b} AND ${maybeNaN(left) ? a : b} IS DISTINCT FROM 'NaN'`;
      return operator === 'eq' ? same : `NOT (${same})`;
    });
  }
  const number = (side: BoundExpression, text: string): string => (maybeNaN(side) ? `NULLIF(${text}, 'NaN')` : text);
  return `${number(left, sql[0])} ${sign} ${number(right, sql[1])}`;
}
