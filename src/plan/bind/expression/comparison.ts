import type { BoundExpression, ComparisonOperator } from '../../model/read-plan.ts';
import { fault, notImplemented, type Operand, type Scope } from '../scope.ts';
import { checkMembers, orderedMembers } from './enumeration.ts';
import { withoutFineDigits } from './fine-instant.ts';
import { comparedText } from './guid-text.ts';
import { describe } from './operand-text.ts';
import { commonType, converted } from './promotion.ts';

export interface ComparedPair {
  readonly operator: ComparisonOperator;
  readonly left: Operand;
  readonly right: Operand;
}

/**
 * A comparison of two operands in their common type (4.01 URL Conventions 5.1.1.1). A row compares with null only.
 * @throws GatewayError `TypeMismatch`, saying how the literal should be written where that is the fault
 */
export function compared(pair: ComparedPair, scope: Scope, at: number): BoundExpression {
  const { operator, left, right } = pair;
  if (left.kind === 'Row' || right.kind === 'Row') {
    return comparedRow(pair, scope, at);
  }
  const listed = orderedMembers(operator, [left, right]);
  if (listed !== null) {
    return listed;
  }
  const spelled = comparedText(operator, left, right);
  if (spelled !== null) {
    return spelled;
  }
  checkMembers([left, right], { scope, at, equality: operator === 'eq' || operator === 'ne' });
  const type = commonType(left, right);
  if (type === null) {
    throw fault(scope, 'TypeMismatch', mismatch(left, right), at);
  }
  if (left.type === 'null' || right.type === 'null') {
    return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator, left, right };
  }
  const [a, b] = [converted(left, type), converted(right, type)];
  const coarse = withoutFineDigits({ operator, left: a, right: b }, scope);
  return coarse ?? { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator, left: a, right: b };
}

function comparedRow(pair: ComparedPair, scope: Scope, at: number): BoundExpression {
  const { operator, left, right } = pair;
  const [row, other] = left.kind === 'Row' ? [left, right] : [right, left];
  const isNull = other.kind === 'Constant' && other.value === null;
  if (row.kind !== 'Row' || !isNull || (operator !== 'eq' && operator !== 'ne')) {
    throw notImplemented(
      scope,
      'navigation-comparison',
      'a navigation property can only be compared with `eq null` or `ne null`.',
      at,
    );
  }
  const exists: BoundExpression = { kind: 'RowExists', type: 'Edm.Boolean', nullable: false, row: row.row };
  return operator === 'ne' ? exists : { kind: 'Not', type: 'Edm.Boolean', nullable: false, operand: exists };
}

/** What two operands are, and how to write what was meant. */
export function mismatch(a: BoundExpression, b: BoundExpression): string {
  return `${describe(a)} and ${describe(b)} cannot be compared.${hint(a, b) || hint(b, a)}`;
}

function hint(wanted: BoundExpression, given: BoundExpression): string {
  if (wanted.type === 'Edm.Date' && given.type === 'Edm.DateTimeOffset') {
    return dateHint(given);
  }
  if (given.kind !== 'Constant' || given.value === null || wanted.kind === 'Constant') {
    return '';
  }
  if (wanted.type === 'Edm.DateTimeOffset' && given.type === 'Edm.Date') {
    return ` Write ${given.value}T00:00:00Z, or compare date(...) of the property.`;
  }
  if (wanted.type === 'Edm.String') {
    return ` Write '${given.value}' in single quotes.`;
  }
  return '';
}

function dateHint(given: BoundExpression): string {
  if (given.kind !== 'Constant' || given.value === null) {
    return ' Take date(...) of the date and time.';
  }
  return ` Write the date alone: ${given.value.slice(0, 10)}.`;
}
