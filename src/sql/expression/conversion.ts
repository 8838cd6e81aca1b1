import type { BoundExpression } from '../../plan/model/read-plan.ts';
import { integerRange } from '../../plan/value/numeric-text.ts';
import type { Scope } from '../scope.ts';
import { isFloat, isInteger, isNumeric, sqlType } from '../sql-type.ts';
import { singleOverflow, toSingle, underflowOf } from './float-arithmetic.ts';
import { withValue } from './given-values.ts';

/** The first whole number that .NET's Decimal does not hold, which reads Edm.Decimal in Power BI and Excel. */
const decimalOverflow = '79228162514264337593543950336';

type Convert = Extract<BoundExpression, { kind: 'Convert' }>;

/**
 * Type conversion, also `cast` (URL Conventions 5.1.1.10). To a whole number towards zero; to text as OData writes the
 * value. A number that the narrower type does not hold becomes null, as of a cast that fails (5.1.1.10.1).
 */
export function conversion(expression: Convert, operand: string, scope: Scope): string {
  const from = expression.operand.type;
  const to = expression.type;
  if (from === to) {
    return operand;
  }
  if (to === 'Edm.String') {
    return `(${text(expression, operand, scope)}) COLLATE "C"`;
  }
  if (isNumeric(from) && isNumeric(to)) {
    return numeric(expression, operand, scope);
  }
  if (from === 'Edm.DateTimeOffset') {
    return `(${operand} AT TIME ZONE 'UTC')::${sqlType(to)}`;
  }
  if (from === 'Edm.Date' && to === 'Edm.DateTimeOffset') {
    return `((${operand})::timestamp AT TIME ZONE 'UTC')`;
  }
  return `(${operand})::${sqlType(to)}`;
}

function numeric({ operand: { type: from, kind }, type: to }: Convert, operand: string, scope: Scope): string {
  const type = sqlType(to);
  if (isInteger(to)) {
    if (isInteger(from) && from !== 'null' && holds(to, from)) {
      return `(${operand})::${type}`;
    }
    const [low, high] = integerRange(to);
    // A double that is compared with the last Int64 meets the number after it.
    const exact = isFloat(from) ? `(${operand})::text::numeric` : `(${operand})::numeric`;
    return withValue(
      `trunc(${exact})`,
      scope,
      (x) => `CASE WHEN ${x} BETWEEN ${String(low)} AND ${String(high)} THEN ${x}::${type} END`,
    );
  }
  if (to === 'Edm.Decimal' && isFloat(from)) {
    return withValue(
      `(${operand})::text::numeric`,
      scope,
      (x) => `CASE WHEN abs(${x}) < ${decimalOverflow} THEN ${x} END`,
    );
  }
  if (to === 'Edm.Single' && from === 'Edm.Double') {
    return withValue(
      operand,
      scope,
      (x) => `CASE WHEN abs(${x}) < ${singleOverflow} OR abs(${x}) >= 'Infinity' THEN ${toSingle(x, scope)} END`,
    );
  }
  if ((to === 'Edm.Double' || to === 'Edm.Single') && from === 'Edm.Decimal' && kind !== 'PropertyValue') {
    // Decimals multiplied many times, or written with many digits: no reader holds them, and PostgreSQL would fail, also where
    // they are next to nothing.
    return withValue(
      operand,
      scope,
      (x) =>
        `CASE WHEN abs(${x}) <= ${underflowOf(to)} THEN 0 WHEN abs(${x}) < ${decimalOverflow} THEN ${x}::${type} END`,
    );
  }
  return `(${operand})::${type}`;
}

/** Whether every value of one integer type is a value of the other. */
function holds(to: Parameters<typeof integerRange>[0], from: Parameters<typeof integerRange>[0]): boolean {
  const [[low, high], [least, most]] = [integerRange(to), integerRange(from)];
  return low <= least && most <= high;
}

function text(expression: Convert, operand: string, scope: Scope): string {
  switch (expression.operand.type) {
    case 'Edm.DateTimeOffset': {
      const full = `to_char(${operand} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
      return `rtrim(rtrim(${full}, '0'), '.') || 'Z'`;
    }
    case 'Edm.Binary':
      return `translate(encode(${operand}, 'base64'), E'\\n', '')`;
    case 'Edm.Double':
    case 'Edm.Single':
      return `replace((${operand})::text, 'Infinity', 'INF')`;
    case 'Edm.Duration':
      // One sign in front and hours below 24, as rows have it; PostgreSQL would put a sign at each part.
      return withValue(
        operand,
        scope,
        (x) =>
          `CASE WHEN ${x} < interval '0' THEN '-' || justify_hours(-${x})::text ELSE justify_hours(${x})::text END`,
      );
    default:
      return `(${operand})::text`;
  }
}
