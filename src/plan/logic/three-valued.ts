import type { BoundExpression, ComparisonOperator } from '../model/expression.ts';

/** Conditions have three values, of which null is neither: what holds of them wherever they are bound, moved or written as SQL. */

/** The negation of a conjunction is the disjunction of the negations, and the other way round, null included. */
export const dual = { and: 'or', or: 'and' } as const;

/** The comparison that holds of two values that are not null where the other does not. */
export const opposite: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  ge: 'lt',
  lt: 'ge',
  le: 'gt',
};

/** `eq` and `ne` take null as a value; the others, which order, are false where an operand is null (Protocol 11.2.6.1.1). */
export const isOrdering = (operator: ComparisonOperator): boolean => operator !== 'eq' && operator !== 'ne';

export const isNullConstant = (expression: BoundExpression): boolean =>
  expression.kind === 'Constant' && expression.value === null;

/** Whether the value can be null. A constant says it by its value. */
export const canBeNull = (expression: BoundExpression): boolean =>
  expression.kind === 'Constant' ? expression.value === null : expression.nullable;

/** The value of a condition; undefined: it cannot be told. */
export type Truth = boolean | null | undefined;

/** `and` and `or` of three values, as far as they can be told. */
export function kleene(operator: 'and' | 'or', values: readonly Truth[]): Truth {
  const decisive = operator === 'or';
  if (values.includes(decisive)) {
    return decisive;
  }
  if (values.includes(undefined)) {
    return undefined;
  }
  return values.includes(null) ? null : !decisive;
}
