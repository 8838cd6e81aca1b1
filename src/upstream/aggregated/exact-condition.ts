import type { EntitySet, Property } from '../../edm/model.ts';
import { isNullConstant } from '../../plan/logic/three-valued.ts';
import type { BoundExpression } from '../../plan/model/read-plan.ts';
import { equality, isCutAlike, isOrdered, isTime } from './exact-value.ts';

type Comparison = Extract<BoundExpression, { kind: 'Comparison' }>;

const nothing: readonly Property[] = [];

/**
 * The properties whose near values a feed has to tell apart for a condition on the rows of a set to be true for the same rows there; null: services differ in it, or
 * it speaks of other rows. Rows that are worked on here are looked at again; of what a feed has added up nobody can take a row back.
 */
export function toldApartBy(condition: BoundExpression, set: EntitySet): readonly Property[] | null {
  switch (condition.kind) {
    case 'Logical': {
      const [left, right] = [toldApartBy(condition.left, set), toldApartBy(condition.right, set)];
      return left === null || right === null ? null : [...left, ...right];
    }
    case 'Not':
      return toldApartBy(condition.operand, set);
    case 'Comparison':
      return ofComparison(condition, set);
    case 'In': {
      const isListed = condition.items.every((item) => item.kind === 'Constant' && isOfType(item, condition.operand));
      return isListed ? ofEquality(ownProperty(condition.operand, set)) : null;
    }
    case 'PropertyValue':
      return ofEquality(ownProperty(condition, set));
    default:
      return null;
  }
}

function ofEquality(property: Property | null): readonly Property[] | null {
  const told = property === null ? null : equality(property);
  return told === null || property === null ? null : told === 'everywhere' ? nothing : [property];
}

function ofComparison({ operator, left, right }: Comparison, set: EntitySet): readonly Property[] | null {
  const [value, constant, turned] = right.kind === 'Constant' ? [left, right, false] : [right, left, true];
  const property = ownProperty(value, set);
  if (property === null || constant.kind !== 'Constant') {
    return null;
  }
  if (isNullConstant(constant)) {
    const isKnown = equality(property) !== null || isTime(property);
    return isKnown && (operator === 'eq' || operator === 'ne') ? nothing : null;
  }
  if (!isOfType(constant, value)) {
    return null;
  }
  const divides = operator === (turned ? 'gt' : 'lt') || operator === (turned ? 'le' : 'ge');
  if (divides && isTime(property) && isCutAlike(constant.value ?? '')) {
    return nothing;
  }
  return operator === 'eq' || operator === 'ne' || isOrdered(property) ? ofEquality(property) : null;
}

/** No number with a floating point, which not every decimal equals. */
const isOfType = (constant: BoundExpression, value: BoundExpression): boolean =>
  constant.type === value.type && value.type !== 'Edm.Double' && value.type !== 'Edm.Single';

/** The property of the row itself that an expression is, as a number of a wider type too; null: it is something else. */
export function ownProperty(expression: BoundExpression, set: EntitySet): Property | null {
  if (expression.kind === 'Convert') {
    return isWidened(expression) ? ownProperty(expression.operand, set) : null;
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
