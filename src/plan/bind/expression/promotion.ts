import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { BoundExpression, Constant, ValueType } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { canonicalDecimal, canonicalDouble, canonicalInteger, canonicalSingle } from '../../value/numeric-text.ts';

/** Numeric promotion (4.01 URL Conventions 5.1.1.17): the wider of two types; Byte and SByte meet in Int16. */

const numericOrder: readonly PrimitiveTypeName[] = [
  'Edm.SByte',
  'Edm.Byte',
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Int64',
  'Edm.Decimal',
  'Edm.Single',
  'Edm.Double',
];

const rank = (type: ValueType): number => (type === 'null' ? -1 : numericOrder.indexOf(type));

export const isNumeric = (type: ValueType): boolean => rank(type) >= 0;

export const isInteger = (type: ValueType): boolean => isNumeric(type) && rank(type) <= rank('Edm.Int64');

/** The value is an integer although its type may be Edm.Decimal: what integers beyond Int64 are computed in. */
export const isWhole = (expression: BoundExpression): boolean =>
  isInteger(expression.type) ||
  ((expression.kind === 'Arithmetic' || expression.kind === 'Negate') && expression.whole === true);

/** The next wider type of integers, in which one operation on two of them cannot overflow. */
export function roomierInteger(type: PrimitiveTypeName): PrimitiveTypeName {
  if (type === 'Edm.Int64') {
    return 'Edm.Decimal';
  }
  return type === 'Edm.Int32' ? 'Edm.Int64' : 'Edm.Int32';
}

/** The wider of two numeric types. */
export function widerNumeric(a: PrimitiveTypeName, b: PrimitiveTypeName): PrimitiveTypeName {
  if (a === b) {
    return a;
  }
  const low = Math.min(rank(a), rank(b));
  const high = Math.max(rank(a), rank(b));
  if (low === rank('Edm.SByte') && high === rank('Edm.Byte')) {
    return 'Edm.Int16';
  }
  return numericOrder[high] ?? a;
}

/**
 * The type in which two operands are compared, or null where they cannot be: equal types, the wider of two numbers,
 * the other one's type for null, and for a constant string the other one's type where its text is such a value
 * (4.01 Protocol 13.2.1, 9a). A constant number takes a numeric property's type where it has the value exactly, and a
 * constant midnight in UTC is a date beside one: .NET clients have no other way to write a date.
 */
export function commonType(a: BoundExpression, b: BoundExpression): ValueType | null {
  if (a.type === b.type || b.type === 'null') {
    return a.type;
  }
  if (a.type === 'null') {
    return b.type;
  }
  if (isNumeric(a.type) && isNumeric(b.type)) {
    return commonNumeric(a, b);
  }
  if (midnightDate(a) !== null && b.type === 'Edm.Date') {
    return b.type;
  }
  if (midnightDate(b) !== null && a.type === 'Edm.Date') {
    return a.type;
  }
  if (a.kind === 'Constant' && a.type === 'Edm.String') {
    return readsAs(a, b.type) ? b.type : null;
  }
  if (b.kind === 'Constant' && b.type === 'Edm.String') {
    return readsAs(b, a.type) ? a.type : null;
  }
  return null;
}

function commonNumeric(a: BoundExpression, b: BoundExpression): ValueType | null {
  if (a.type === 'null' || b.type === 'null') {
    return null;
  }
  if (a.kind === 'Constant' && b.kind !== 'Constant' && readsAs(a, b.type)) {
    return b.type;
  }
  if (b.kind === 'Constant' && a.kind !== 'Constant' && readsAs(b, a.type)) {
    return a.type;
  }
  return widerNumeric(a.type, b.type);
}

/** The date of a constant instant that is a midnight in UTC. */
function midnightDate(operand: BoundExpression): string | null {
  if (operand.kind !== 'Constant' || operand.type !== 'Edm.DateTimeOffset') {
    return null;
  }
  return /^(.+)T00:00:00Z$/.exec(operand.value ?? '')?.[1] ?? null;
}

/** A constant double stays a double: a decimal or integer operand meets it there. */
function readsAs(constant: Constant, type: ValueType): boolean {
  if (type === 'null' || constant.value === null) {
    return true;
  }
  const fromFloat = constant.type === 'Edm.Double' || constant.type === 'Edm.Single';
  if (fromFloat && rank(type) < rank('Edm.Single')) {
    return false;
  }
  return canonicalText(constant.value, type) !== null;
}

/** The operand in the wanted type: itself, a constant written anew, or a `Convert`. The caller has checked that it can be. */
export function converted(operand: BoundExpression, type: ValueType): BoundExpression {
  if (operand.type === type || type === 'null') {
    return operand;
  }
  if (operand.kind !== 'Constant') {
    return { kind: 'Convert', type, nullable: operand.nullable, operand };
  }
  if (operand.value === null) {
    return { kind: 'Constant', type, value: null };
  }
  const value = (type === 'Edm.Date' ? midnightDate(operand) : null) ?? constantText(operand.value, type);
  if (value !== null) {
    return { kind: 'Constant', type, value };
  }
  return { kind: 'Convert', type, nullable: false, operand };
}

function constantText(text: string, type: PrimitiveTypeName): string | null {
  if (type === 'Edm.Decimal') {
    return canonicalDecimal(text);
  }
  if (type === 'Edm.Double') {
    return canonicalDouble(text);
  }
  if (type === 'Edm.Single') {
    return canonicalSingle(text);
  }
  if (isInteger(type)) {
    return canonicalInteger(text) === null ? null : canonicalText(text, type);
  }
  return canonicalText(text, type);
}
