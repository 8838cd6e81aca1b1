import type { BoundExpression, Constant } from '../../model/read-plan.ts';
import { isNumeric } from './promotion.ts';

/** An operand in a sentence: what it is and its type. */
export function describe(operand: BoundExpression): string {
  if (operand.kind === 'Constant') {
    return describeConstant(operand);
  }
  if (operand.kind === 'PropertyValue') {
    return `the ${operand.type} property '${operand.property.name}'`;
  }
  if (operand.kind === 'ComputedValue') {
    return `the ${operand.type} property '${operand.name}'`;
  }
  return `a value of type ${operand.type}`;
}

function describeConstant(constant: Constant): string {
  if (constant.value === null) {
    return 'null';
  }
  return isNumeric(constant.type) ? `the number ${constant.value}` : `the ${constant.type} '${constant.value}'`;
}
