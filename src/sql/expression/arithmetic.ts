import type { BoundExpression } from '../../plan/model/read-plan.ts';
import type { Scope } from '../scope.ts';
import { isFloat, isNumeric, sqlType } from '../sql-type.ts';
import { doubleArithmetic, singleArithmetic } from './float-arithmetic.ts';
import { temporalArithmetic } from './temporal-arithmetic.ts';

type Arithmetic = Extract<BoundExpression, { kind: 'Arithmetic' }>;

const signs = { add: '+', sub: '-', mul: '*', div: '/', divby: '/', mod: '%' } as const;

/**
 * Arithmetic (URL Conventions 5.1.1.2). Whole numbers divide towards zero and `mod` has the sign of the dividend, as in
 * PostgreSQL; `divby` divides as decimals. The binder has given integers a type that holds the result. A division of
 * integers and decimals by zero fails in PostgreSQL (22012); floats have INF and NaN, dates and durations null.
 */
export function arithmetic(
  expression: Arithmetic,
  operands: readonly [left: string, right: string],
  scope: Scope,
): string {
  const { operator } = expression;
  if (!isNumeric(expression.type) || !isNumeric(expression.left.type)) {
    return temporalArithmetic(expression, operands, scope);
  }
  const type = operator === 'divby' && !isFloat(expression.type) ? 'Edm.Decimal' : expression.type;
  const [left, right] = [
    expression.left.type === type ? operands[0] : `(${operands[0]})::${sqlType(type)}`,
    expression.right.type === type ? operands[1] : `(${operands[1]})::${sqlType(type)}`,
  ];
  if (type === 'Edm.Double') {
    return doubleArithmetic(operator, [left, right], scope);
  }
  if (type === 'Edm.Single') {
    return singleArithmetic(operator, [left, right], scope);
  }
  if (operator === 'div' && expression.whole === true) {
    return `div(${left}, ${right})`;
  }
  const sql = `(${left} ${signs[operator]} ${right})`;
  return type === expression.type ? sql : `${sql}::${sqlType(expression.type)}`;
}

/** The blank keeps two signs from becoming a comment. */
export function negation(operand: string): string {
  return `(- ${operand})`;
}
