import type { PrimitiveTypeName } from '../../../edm/model.ts';
import type { Expression } from '../../../uri/syntax.ts';
import { canBeNull } from '../../logic/three-valued.ts';
import type { ArithmeticOperator, BoundExpression, ValueType } from '../../model/read-plan.ts';
import { canonicalText } from '../../value/canonical-text.ts';
import { canonicalInteger, narrowestType } from '../../value/numeric-text.ts';
import { fault, type Scope } from '../scope.ts';
import { bindExpression } from './expression.ts';
import { describe } from './operand-text.ts';
import { converted, isInteger, isNumeric, isWhole, roomierInteger, widerNumeric } from './promotion.ts';

export interface ArithmeticPair {
  readonly operator: ArithmeticOperator;
  readonly left: BoundExpression;
  readonly right: BoundExpression;
}

/**
 * Arithmetic (4.01 URL Conventions 5.1.1.2). Integers are computed in the next wider type (5.1.1.17 lets a service
 * promote where a result would overflow), because one row's overflow would fail all others; `div` of integers truncates;
 * `divby` of integers is a decimal. Dates, instants and durations as listed in `temporalResults`, null where the result is
 * out of their range; an operand that is null makes null.
 */
export function arithmetic(pair: ArithmeticPair, scope: Scope, at: number): BoundExpression {
  const { operator } = pair;
  const [plainLeft, plainRight] = [typedNull(pair.left, pair.right), typedNull(pair.right, pair.left)];
  const [left, right] = [durationText(plainLeft, plainRight), durationText(plainRight, plainLeft)];
  const nullable = canBeNull(left) || canBeNull(right);
  if (isNumeric(left.type) && isNumeric(right.type)) {
    return numeric({ operator, left, right });
  }
  const type = temporalResults.get(`${left.type} ${operator} ${right.type}`) ?? scaled({ operator, left, right });
  if (type !== null) {
    const operands = { left: factor(left), right: factor(right) };
    return { kind: 'Arithmetic', type, nullable: nullable || canLeaveRange(pair), operator, ...operands };
  }
  throw fault(scope, 'TypeMismatch', `\`${operator}\` of ${describe(left)} and ${describe(right)} is not defined.`, at);
}

function numeric(pair: ArithmeticPair): BoundExpression {
  const { operator, left, right } = pair;
  const type = numericResult(pair);
  const nullable = canBeNull(left) || canBeNull(right);
  const operands = { left: converted(left, type), right: converted(right, type) };
  const whole = type === 'Edm.Decimal' && operator !== 'divby' && isWhole(left) && isWhole(right);
  return { kind: 'Arithmetic', type, nullable, operator, ...operands, ...(whole && { whole }) };
}

function numericResult({ operator, left, right }: ArithmeticPair): PrimitiveTypeName {
  if (left.type === 'null' || right.type === 'null') {
    return 'Edm.Int32';
  }
  const wider = widerNumeric(left.type, right.type);
  if (!isInteger(wider)) {
    return wider;
  }
  if (operator === 'divby') {
    return 'Edm.Decimal';
  }
  return staysInRange(operator, right) ? widerNumeric(wider, 'Edm.Int32') : roomierInteger(wider);
}

/** A remainder is no larger than its operands; of all quotients only that of the least number and -1 is. */
const staysInRange = (operator: ArithmeticOperator, right: BoundExpression): boolean =>
  operator === 'mod' || (operator === 'div' && right.kind === 'Constant' && right.value !== '-1');

/** The null literal takes the other operand's type; two of them are Int32. */
function typedNull(operand: BoundExpression, other: BoundExpression): BoundExpression {
  if (operand.type !== 'null') {
    return operand;
  }
  const type = other.type === 'null' ? 'Edm.Int32' : other.type;
  return {
    kind: 'Constant',
    type: type === 'Edm.Date' || type === 'Edm.DateTimeOffset' ? 'Edm.Duration' : type,
    value: null,
  };
}

/** `'PT1H'` without its type's name (4.01 Protocol 13.2.1, 9b): a duration beside any operand that is no text. */
function durationText(operand: BoundExpression, other: BoundExpression): BoundExpression {
  if (operand.kind !== 'Constant' || operand.type !== 'Edm.String' || operand.value === null) {
    return operand;
  }
  const value = other.type === 'Edm.String' ? null : canonicalText(operand.value, 'Edm.Duration');
  return value === null ? operand : { kind: 'Constant', type: 'Edm.Duration', value };
}

const temporalResults: ReadonlyMap<string, PrimitiveTypeName> = new Map<string, PrimitiveTypeName>([
  ['Edm.DateTimeOffset add Edm.Duration', 'Edm.DateTimeOffset'],
  ['Edm.DateTimeOffset sub Edm.Duration', 'Edm.DateTimeOffset'],
  ['Edm.DateTimeOffset sub Edm.DateTimeOffset', 'Edm.Duration'],
  ['Edm.Duration add Edm.DateTimeOffset', 'Edm.DateTimeOffset'],
  ['Edm.Date add Edm.Duration', 'Edm.Date'],
  ['Edm.Date sub Edm.Duration', 'Edm.Date'],
  ['Edm.Date sub Edm.Date', 'Edm.Duration'],
  ['Edm.Duration add Edm.Date', 'Edm.Date'],
  ['Edm.Duration add Edm.Duration', 'Edm.Duration'],
  ['Edm.Duration sub Edm.Duration', 'Edm.Duration'],
]);

/** The difference of two dates or of two instants is a duration that readers hold. */
const canLeaveRange = ({ left, right }: ArithmeticPair): boolean =>
  left.type === 'Edm.Duration' || right.type === 'Edm.Duration' || isNumeric(left.type) || isNumeric(right.type);

/** Small integers multiply as Int32, as they do everywhere. */
const factor = (operand: BoundExpression): BoundExpression =>
  isInteger(operand.type) && operand.type !== 'Edm.Int64' ? converted(operand, 'Edm.Int32') : operand;

/** A duration times or divided by a number, a number times a duration. */
function scaled({ operator, left, right }: ArithmeticPair): PrimitiveTypeName | null {
  const durationFirst = left.type === 'Edm.Duration' && isNumeric(right.type);
  if (durationFirst && (operator === 'mul' || operator === 'div' || operator === 'divby')) {
    return 'Edm.Duration';
  }
  return operator === 'mul' && isNumeric(left.type) && right.type === 'Edm.Duration' ? 'Edm.Duration' : null;
}

type Unary = Extract<Expression, { kind: 'Unary' }>;

/** `-x` of a number or a duration; of a constant it is worked out. */
export function negated(expression: Unary, scope: Scope): BoundExpression {
  const operand = bindExpression(expression.operand, scope);
  const folded = foldedNegation(operand);
  if (folded !== null) {
    return folded;
  }
  const type = negatable(operand.type);
  if (type === null) {
    throw fault(scope, 'TypeMismatch', `\`-\` of ${describe(operand)} is not defined.`, expression.at);
  }
  const wide = isInteger(type) ? roomierInteger(type) : type;
  const whole = wide === 'Edm.Decimal' && isWhole(operand);
  const nullable = canBeNull(operand);
  return { kind: 'Negate', type: wide, nullable, operand: converted(operand, wide), ...(whole && { whole }) };
}

const negatable = (type: ValueType): PrimitiveTypeName | null =>
  type !== 'null' && (isNumeric(type) || type === 'Edm.Duration') ? type : null;

function foldedNegation(operand: BoundExpression): BoundExpression | null {
  if (operand.kind !== 'Constant') {
    return null;
  }
  if (operand.value === null) {
    return operand;
  }
  if (negatable(operand.type) === null || operand.value === 'NaN') {
    return null;
  }
  const value = operand.value.startsWith('-') ? operand.value.slice(1) : `-${operand.value}`;
  const integer = isInteger(operand.type) || operand.type === 'Edm.Decimal' ? canonicalInteger(value) : null;
  if (integer !== null) {
    return { kind: 'Constant', type: narrowestType(integer), value: integer };
  }
  return { kind: 'Constant', type: operand.type, value };
}
