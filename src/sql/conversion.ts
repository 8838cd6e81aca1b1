import type { BoundExpression } from '../plan/read-plan.ts';
import { isFloat, isInteger, sqlType } from './sql-type.ts';

type Convert = Extract<BoundExpression, { kind: 'Convert' }>;

/** Type conversion, also `cast` (URL Conventions 5.1.1.10). To a whole number towards zero; to text as OData writes the value. */
export function conversion(expression: Convert, operand: string): string {
  const from = expression.operand.type;
  const to = expression.type;
  if (from === to) return operand;
  if (to === 'Edm.String') return `(${text(expression, operand)}) COLLATE "C"`;
  if (isInteger(to) && (isFloat(from) || from === 'Edm.Decimal')) return `trunc(${operand})::${sqlType(to)}`;
  if (to === 'Edm.Decimal' && isFloat(from)) return `(${operand})::text::numeric`;
  if (from === 'Edm.DateTimeOffset') return `(${operand} AT TIME ZONE 'UTC')::${sqlType(to)}`;
  if (from === 'Edm.Date' && to === 'Edm.DateTimeOffset') return `((${operand})::timestamp AT TIME ZONE 'UTC')`;
  return `(${operand})::${sqlType(to)}`;
}

function text(expression: Convert, operand: string): string {
  switch (expression.operand.type) {
    case 'Edm.DateTimeOffset': {
      const full = `to_char(${operand} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
      return `rtrim(rtrim(${full}, '0'), '.') || 'Z'`;
    }
    case 'Edm.Binary':
      return `translate(encode(${operand}, 'base64'), E'+/=\\n', '-_')`;
    default:
      return `(${operand})::text`;
  }
}
