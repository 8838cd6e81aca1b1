import { GatewayError } from '../../errors.ts';
import type { BoundExpression } from '../model/read-plan.ts';
import { canBeNull, dual, isNullConstant, isOrdering, opposite } from './three-valued.ts';

/**
 * Conditions that are put together for another source, which may give null for "no" as this feed does: what has to hold
 * is always written so that only its being true counts.
 */

const constant = (value: boolean): BoundExpression => ({ kind: 'Constant', type: 'Edm.Boolean', value: String(value) });

const isConstant = (expression: BoundExpression, value: boolean): boolean =>
  expression.kind === 'Constant' && expression.value === String(value);

/** Whether a condition holds for every row: it need not be asked. */
export const isAlways = (condition: BoundExpression): boolean => isConstant(condition, true);

/** Whether a condition holds for no row. */
export const isNever = (condition: BoundExpression): boolean => isConstant(condition, false);

/** All conditions, or one of them, without those that decide nothing. */
export function joinedBy(operator: 'and' | 'or', conditions: readonly BoundExpression[]): BoundExpression {
  const decisive = operator === 'or';
  if (conditions.some((one) => isConstant(one, decisive))) {
    return constant(decisive);
  }
  const kept = conditions.filter((one) => !isConstant(one, !decisive));
  const [first, ...more] = kept;
  if (first === undefined) {
    return constant(!decisive);
  }
  return more.reduce((left, right) => {
    const nullable = canBeNull(left) || canBeNull(right);
    return { kind: 'Logical', type: 'Edm.Boolean', nullable, operator, left, right };
  }, first);
}

/** True where the condition is false. */
export function negated(operand: BoundExpression): BoundExpression {
  if (isAlways(operand)) {
    return constant(false);
  }
  if (isNever(operand)) {
    return constant(true);
  }
  if (operand.kind === 'Not') {
    return operand.operand;
  }
  // These take null as a value: the one is exactly the opposite of the other.
  if (operand.kind === 'Comparison' && !isOrdering(operand.operator)) {
    return { ...operand, operator: opposite[operand.operator] };
  }
  return { kind: 'Not', type: 'Edm.Boolean', nullable: canBeNull(operand), operand };
}

/** The operands of a chain of one operator, from left to right. */
export function operandsOf(expression: BoundExpression, operator: 'and' | 'or'): readonly BoundExpression[] {
  if (expression.kind !== 'Logical' || expression.operator !== operator) {
    return [expression];
  }
  return [...operandsOf(expression.left, operator), ...operandsOf(expression.right, operator)];
}

/** The same condition about a row that is known to be there. */
export function ofPresentRow(expression: BoundExpression): BoundExpression {
  switch (expression.kind) {
    case 'RowExists':
      return expression.row.steps.length === 0 ? constant(true) : expression;
    case 'Not':
      return negated(ofPresentRow(expression.operand));
    case 'Logical':
      return joinedBy(expression.operator, [ofPresentRow(expression.left), ofPresentRow(expression.right)]);
    default:
      return expression;
  }
}

/**
 * True where the condition is false or null.
 * @throws GatewayError NotImplemented where it cannot be said when the condition is null
 */
export function notTrue(expression: BoundExpression): BoundExpression {
  switch (expression.kind) {
    case 'Logical':
      return joinedBy(dual[expression.operator], [notTrue(expression.left), notTrue(expression.right)]);
    case 'Not':
      return notFalse(expression.operand);
    default:
      return joinedBy('or', [negatedLeaf(expression), ...isNullLeaf(expression)]);
  }
}

/** True where the condition is true or null. Throws as `notTrue` does. */
export function notFalse(expression: BoundExpression): BoundExpression {
  switch (expression.kind) {
    case 'Logical':
      return joinedBy(expression.operator, [notFalse(expression.left), notFalse(expression.right)]);
    case 'Not':
      return notTrue(expression.operand);
    default:
      return joinedBy('or', [expression, ...isNullLeaf(expression)]);
  }
}

/** A null constant is neither true nor false. */
const negatedLeaf = (leaf: BoundExpression): BoundExpression =>
  isNullConstant(leaf) ? constant(false) : negated(leaf);

/** Conditions of which one holds where the leaf is null. */
function isNullLeaf(leaf: BoundExpression): readonly BoundExpression[] {
  if (leaf.kind === 'Constant') {
    return isNullConstant(leaf) ? [constant(true)] : [];
  }
  if (isTwoValued(leaf) || leaf.nullable === false) {
    return [];
  }
  const sources = nullSources(leaf);
  if (sources === null) {
    throw new GatewayError(
      'NotImplemented',
      '$filter: this condition on rows of another source can be null, and cannot be asked for the other way round.',
      { feature: 'proxied', target: '$filter' },
    );
  }
  return sources.map(isNull);
}

/** Whether a condition is true or false for every row, whatever is null in it. */
export const isTwoValued = (condition: BoundExpression): boolean =>
  ['Comparison', 'In', 'Lambda', 'RowExists'].includes(condition.kind);

/** The condition that a value is null. */
export const isNull = (operand: BoundExpression): BoundExpression => ({
  kind: 'Comparison',
  type: 'Edm.Boolean',
  nullable: false,
  operator: 'eq',
  left: operand,
  right: { kind: 'Constant', type: 'null', value: null },
});

/** The properties whose being null makes the value null; null: it can be null for another reason. */
export function nullSources(expression: BoundExpression): readonly BoundExpression[] | null {
  switch (expression.kind) {
    case 'Constant':
      return isNullConstant(expression) ? null : [];
    case 'PropertyValue':
      return expression.nullable || expression.row.steps.length > 0 ? [expression] : [];
    case 'Function':
      if (expression.name === 'concat') {
        break;
      }
      return sourcesOfAll(expression.args);
    case 'Convert':
    case 'Negate':
      return nullSources(expression.operand);
    case 'Has':
      return nullSources(expression.left);
    case 'Arithmetic':
      return sourcesOfAll([expression.left, expression.right]);
    default:
  }
  return isTwoValued(expression) || expression.nullable === false ? [] : null;
}

function sourcesOfAll(expressions: readonly BoundExpression[]): readonly BoundExpression[] | null {
  const found = expressions.map(nullSources);
  return found.includes(null) ? null : found.flatMap((sources) => sources ?? []);
}
