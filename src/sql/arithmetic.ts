import type { BoundExpression } from '../plan/read-plan.ts';
import { isFloat, isNumeric, sqlType } from './sql-type.ts';

type Arithmetic = Extract<BoundExpression, { kind: 'Arithmetic' }>;

const signs = { add: '+', sub: '-', mul: '*', div: '/', divby: '/', mod: '%' } as const;

/**
 * Arithmetic (URL Conventions 5.1.1.2). Whole numbers divide towards zero and `mod` has the sign of the dividend, as in
 * PostgreSQL; `divby` divides as decimals. A division by zero fails in PostgreSQL (22012), an overflow with 22003.
 */
export function arithmetic(expression: Arithmetic, left: string, right: string): string {
  if (!isNumeric(expression.type) || !isNumeric(expression.left.type)) return temporal(expression, left, right);
  const type = expression.operator === 'divby' && !isFloat(expression.type) ? 'Edm.Decimal' : expression.type;
  const [l, r] = [
    expression.left.type === type ? left : `(${left})::${sqlType(type)}`,
    expression.right.type === type ? right : `(${right})::${sqlType(type)}`,
  ];
  if (expression.operator === 'mod' && isFloat(type)) {
    return `mod((${l})::text::numeric, (${r})::text::numeric)::${sqlType(type)}`;
  }
  const sql = `(${l} ${signs[expression.operator]} ${r})`;
  return type === expression.type ? sql : `${sql}::${sqlType(expression.type)}`;
}

/** The blank keeps two signs from becoming a comment. */
export function negation(operand: string): string {
  return `(- ${operand})`;
}

function temporal(expression: Arithmetic, left: string, right: string): string {
  const { operator, type } = expression;
  const kinds = `${expression.left.type} ${operator} ${expression.right.type}`;
  if (kinds === 'Edm.Date sub Edm.Date') return `make_interval(days => ${left} - ${right})`;
  if (operator === 'mul' || operator === 'div' || operator === 'divby') {
    const scaled = expression.left.type === 'Edm.Duration' ? [left, right] : [right, left];
    return `(${scaled[0]} ${signs[operator]} (${scaled[1]})::double precision)`;
  }
  const sql = `(${left} ${signs[operator]} ${right})`;
  return type === 'Edm.Date' ? `${sql}::date` : sql;
}
