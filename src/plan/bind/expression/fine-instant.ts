import type { BoundExpression, ComparisonOperator, Constant } from '../../model/read-plan.ts';
import type { Scope } from '../scope.ts';

/**
 * Stored instants, times and durations have microseconds, and so has all that is computed from them; clients write seven
 * digits (`23:59:59.9999999Z` for the end of a day). The database would round such a literal up, into the next day. A
 * stored value compares with it as with the microsecond before it, which it can never equal.
 */
export function withoutFineDigits(
  pair: { readonly operator: ComparisonOperator; readonly left: BoundExpression; readonly right: BoundExpression },
  scope: Scope,
): BoundExpression | null {
  const { operator, left, right } = pair;
  if (left.kind === 'Constant' && right.kind !== 'Constant') {
    return withoutFineDigits({ operator: mirrored[operator], left: right, right: left }, scope);
  }
  if (right.kind !== 'Constant' || !isStored(left, scope)) {
    return null;
  }
  const before = microsecondBefore(right);
  if (before === null) {
    return null;
  }
  const [kind, type] = ['Comparison', 'Edm.Boolean'] as const;
  if (operator === 'eq' || operator === 'ne') {
    return { kind: 'Constant', type, value: String(operator === 'ne') };
  }
  const inclusive = operator === 'le' || operator === 'lt' ? 'le' : 'gt';
  return { kind, type, nullable: false, operator: inclusive, left, right: before };
}

/** True for a member of an `in` list that no stored value can equal. */
export const isTooFine = (operand: BoundExpression, item: BoundExpression, scope: Scope): boolean =>
  item.kind === 'Constant' && isStored(operand, scope) && microsecondBefore(item) !== null;

const mirrored: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  ge: 'le',
  lt: 'gt',
  le: 'ge',
};

function isStored(operand: BoundExpression, scope: Scope): boolean {
  switch (operand.kind) {
    case 'PropertyValue': {
      const set = operand.row.steps.at(-1)?.set ?? operand.row.variable.set;
      return scope.binding.context.sets.get(set.name)?.kind === 'stored';
    }
    case 'Function':
      return operand.args.some((argument) => isStored(argument, scope));
    case 'Arithmetic':
      return isStored(operand.left, scope) || isStored(operand.right, scope);
    case 'Negate':
    case 'Convert':
      return isStored(operand.operand, scope);
    case 'Case':
      return operand.branches.some(({ then }) => isStored(then, scope));
    // Only stored rows go through a pipeline.
    default:
      return operand.kind === 'ComputedValue';
  }
}

/** Null where the constant has no digit beyond the microsecond. Canonical text has no zeros at its end. */
function microsecondBefore(constant: Constant): Constant | null {
  if (constant.type === 'Edm.Duration') {
    return shorterByAMicrosecond(constant);
  }
  if (constant.type !== 'Edm.DateTimeOffset' && constant.type !== 'Edm.TimeOfDay') {
    return null;
  }
  const match = /^(.*\.\d{6})\d+(Z?)$/.exec(constant.value ?? '');
  return match === null ? null : { ...constant, value: `${match[1]}${match[2]}` };
}

/** The microsecond before a negative duration is the longer one. */
function shorterByAMicrosecond(constant: Constant): Constant | null {
  const match = /^(-?)(P.*?)(\d+)\.(\d{6})\d+S$/.exec(constant.value ?? '');
  if (match === null) {
    return null;
  }
  const [, sign, before, whole, digits] = match;
  const micros = BigInt(`${whole}${digits}`) + (sign === '-' ? 1n : 0n);
  const text = String(micros).padStart(7, '0');
  return { ...constant, value: `${sign}${before}${text.slice(0, -6)}.${text.slice(-6)}S` };
}
