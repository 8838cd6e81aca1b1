import { canonicalFunctions } from '../model/canonical-functions.ts';
import type { BoundExpression, ReadPlan, ValueType } from '../model/read-plan.ts';
import { visitPlan } from '../model/walk.ts';

/**
 * Whether anything in a plan may fail for one row and not for another: a number that has no room, a division by zero, a
 * text that does not read as what it is cast to. What is not known to be safe may.
 */
export function canFail(plan: ReadPlan): boolean {
  let found = false;
  visitPlan(plan, {
    expression: (expression) => {
      found ||= mayFail(expression);
    },
  });
  return found;
}

function mayFail(expression: BoundExpression): boolean {
  switch (expression.kind) {
    case 'Arithmetic':
    case 'Negate':
      return true;
    case 'Function':
      return !canonicalFunctions[expression.name].total;
    case 'Convert':
      return !widens(expression);
    default:
      return false;
  }
}

/** Each of these holds all values of those before it. */
const wider: readonly ValueType[] = ['Edm.SByte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64', 'Edm.Decimal'];

/** A constant reads as what it is cast to, or fails for all rows alike. */
function widens({ operand, type }: Extract<BoundExpression, { kind: 'Convert' }>): boolean {
  if (operand.kind === 'Constant' || operand.type === type) {
    return true;
  }
  const from = wider.indexOf(operand.type);
  const whole = from >= 0 && operand.type !== 'Edm.Decimal';
  return whole && (wider.indexOf(type) > from || type === 'Edm.Double');
}
