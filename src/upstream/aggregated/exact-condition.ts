import type { EntitySet, Property } from '../../edm/model.ts';
import { isNullConstant } from '../../plan/logic/three-valued.ts';
import type { BoundExpression } from '../../plan/model/read-plan.ts';
import { isExact, isOrdered, isText, isTimed, isWithinKept } from './exact-value.ts';

type Comparison = Extract<BoundExpression, { kind: 'Comparison' }>;

/**
 * Whether a condition on the rows of a set is true for the same rows at every service, but for what texts are equal. Rows that are worked on here are looked at
 * again; of what a feed has added up nobody can take a row back.
 */
export function isExactCondition(condition: BoundExpression, set: EntitySet): boolean {
  switch (condition.kind) {
    case 'Logical':
      return isExactCondition(condition.left, set) && isExactCondition(condition.right, set);
    case 'Not':
      return isExactCondition(condition.operand, set);
    case 'Comparison':
      return isExactComparison(condition, set);
    case 'In': {
      const property = ownProperty(condition.operand, set);
      const listed = condition.items.every((item) => item.kind === 'Constant' && isOfType(item, condition.operand));
      return property !== null && (isExact(property) || isText(property)) && listed;
    }
    case 'PropertyValue': {
      const property = ownProperty(condition, set);
      return property !== null && isExact(property);
    }
    default:
      return false;
  }
}

function isExactComparison({ operator, left, right }: Comparison, set: EntitySet): boolean {
  const [value, constant, turned] = right.kind === 'Constant' ? [left, right, false] : [right, left, true];
  const property = ownProperty(value, set);
  if (property === null || constant.kind !== 'Constant') {
    return false;
  }
  if (operator === 'eq' || operator === 'ne') {
    const comparable = isNullConstant(constant) ? isTimed(property) : isText(property);
    return (isExact(property) || comparable) && (isNullConstant(constant) || isOfType(constant, value));
  }
  if (constant.value === null || !isOfType(constant, value)) {
    return false;
  }
  const below = operator === 'lt' ? !turned : operator === 'gt' ? turned : false;
  const from = operator === 'ge' ? !turned : operator === 'le' ? turned : false;
  return isOrdered(property) || ((below || from) && isTimed(property) && isWithinKept(constant.value));
}

/** No number with a floating point, which not every decimal equals. */
const isOfType = (constant: BoundExpression, value: BoundExpression): boolean =>
  constant.type === value.type && value.type !== 'Edm.Double' && value.type !== 'Edm.Single';

/** The property of the row itself that an expression is, as a number of a wider type too; null: it is something else. */
function ownProperty(expression: BoundExpression, set: EntitySet): Property | null {
  if (expression.kind === 'Convert') {
    const property = ownProperty(expression.operand, set);
    return property !== null && isWidened(expression) ? property : null;
  }
  if (expression.kind !== 'PropertyValue') {
    return null;
  }
  const { row, property } = expression;
  const isOwn = row.steps.length === 0 && row.variable.key === undefined && row.variable.set.name === set.name;
  return isOwn ? property : null;
}

const whole: readonly string[] = ['Edm.SByte', 'Edm.Byte', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64', 'Edm.Decimal'];

const isWidened = ({ type, operand }: Extract<BoundExpression, { kind: 'Convert' }>): boolean =>
  whole.includes(operand.type) && whole.indexOf(type) > whole.indexOf(operand.type);
