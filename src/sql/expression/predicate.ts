import { GatewayError } from '../../errors.ts';
import { canBeNull, dual, isNullConstant, isOrdering, opposite } from '../../plan/logic/three-valued.ts';
import type { BoundExpression, ComparisonOperator, RowPath } from '../../plan/model/read-plan.ts';
import { integerLiteral } from '../literal.ts';
import { rowId, type Scope } from '../scope.ts';
import { isInteger } from '../sql-type.ts';
import { collectionCount, fromWhere, rowsMatching } from './collection.ts';
import { bareValue, value } from './expression.ts';
import { hasMember } from './has-member.ts';
import { comparisonWithNaN, isNaNConstant, maybeNaN } from './not-a-number.ts';
import { isRooted, rootScope } from './root.ts';

/**
 * Conditions. OData's comparisons are two-valued where SQL's are three-valued (Protocol 11.2.6.1.1), so a condition is
 * written in one of three ways: `truth` and `falsity` may give NULL for "no" and keep indexes usable; `booleanValue`
 * gives the exact value. Negation is pushed down from `truth` to `falsity`, never written as `NOT` over a NULL.
 */

type Comparison = Extract<BoundExpression, { kind: 'Comparison' }>;
type In = Extract<BoundExpression, { kind: 'In' }>;

const operators: Record<ComparisonOperator, string> = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' };

/** SQL that is TRUE exactly where the expression is true. */
export function truth(expression: BoundExpression, scope: Scope): string {
  switch (expression.kind) {
    case 'Logical':
      return joinLogical(expression.operator, [truth(expression.left, scope), truth(expression.right, scope)]);
    case 'Not':
      return falsity(expression.operand, scope);
    case 'Comparison':
      return comparison(expression, expression.operator, scope);
    case 'In':
      return membership(expression, scope, 'truth');
    default:
      return value(expression, scope);
  }
}

/** SQL that is TRUE exactly where the expression is false. */
export function falsity(expression: BoundExpression, scope: Scope): string {
  switch (expression.kind) {
    case 'Logical': {
      const sides = [falsity(expression.left, scope), falsity(expression.right, scope)];
      return joinLogical(dual[expression.operator], sides);
    }
    case 'Not':
      return truth(expression.operand, scope);
    case 'Comparison':
      return negatedComparison(expression, scope);
    case 'In':
      return `${membership(expression, scope, 'truth')} IS NOT TRUE`;
    default:
      return `NOT ${value(expression, scope)}`;
  }
}

/** SQL with exactly the expression's value: TRUE, FALSE or NULL. For the kinds whose value is Boolean by nature. */
export function booleanValue(expression: BoundExpression, scope: Scope): string {
  switch (expression.kind) {
    case 'Logical':
      return joinLogical(expression.operator, [value(expression.left, scope), value(expression.right, scope)]);
    case 'Not':
      return `(NOT ${value(expression.operand, scope)})`;
    case 'Comparison': {
      const sql = comparison(expression, expression.operator, scope, true);
      return isOrdering(expression.operator) && eitherNull(expression) ? `COALESCE(${sql}, FALSE)` : `(${sql})`;
    }
    case 'In':
      return membership(expression, scope, 'value');
    case 'Lambda':
      return lambda(expression, scope);
    case 'CollectionCount':
      return collectionCount(expression, scope);
    case 'Has':
      return has(expression, scope);
    case 'RowExists':
      return rowExists(expression.row, scope);
    default:
      throw new GatewayError('Internal', `${expression.kind} is no condition.`);
  }
}

const isThere = ({ variable, steps }: RowPath): boolean => steps.length === 0 && variable.optional !== true;

/** Only rows of proxied sets that were copied have enumerations; of those that were not, the compiler of the row refuses the set by name. */
function has({ left, right }: Extract<BoundExpression, { kind: 'Has' }>, scope: Scope): string {
  const text = value(left, scope);
  if (left.kind !== 'PropertyValue' || left.property.enumeration === undefined || right.value === null) {
    throw new GatewayError('Internal', '`has` asks what is no property of an enumeration.');
  }
  return `(${hasMember(text, left.property.enumeration, right.value)})`;
}

function joinLogical(operator: 'and' | 'or', sides: readonly string[]): string {
  return `(${sides.join(operator === 'and' ? ' AND ' : ' OR ')})`;
}

/** A comparison with NaN is NULL as one with null is. */
function eitherNull({ left, right }: Comparison): boolean {
  return canBeNull(left) || canBeNull(right) || maybeNaN(left) || maybeNaN(right);
}

/** `exact`: the result of `eq` and `ne` is never NULL. Without it `eq` may give NULL for "not equal". */
function comparison(expression: Comparison, operator: ComparisonOperator, scope: Scope, exact = false): string {
  const { left, right } = expression;
  if (isNullConstant(left) || isNullConstant(right)) {
    return nullComparison(expression, operator, scope);
  }
  const [l, r] = operands(expression, scope);
  if (maybeNaN(left) || maybeNaN(right)) {
    return comparisonWithNaN(operator, expression, { sql: [l, r], sign: operators[operator], scope });
  }
  if (isOrdering(operator)) {
    return `${l} ${operators[operator]} ${r}`;
  }
  const [leftNull, rightNull] = [canBeNull(left), canBeNull(right)];
  if (!leftNull && !rightNull) {
    return `${l} ${operators[operator]} ${r}`;
  }
  if (operator === 'ne') {
    return `${l} IS DISTINCT FROM ${r}`;
  }
  if (!exact && !(leftNull && rightNull)) {
    return `${l} = ${r}`;
  }
  // An index serves this form, and not the other; the entity at $root is read twice.
  if (!exact && besideRoot(left, right)) {
    return `(${l} = ${r} OR (${l} IS NULL AND ${r} IS NULL))`;
  }
  return `${l} IS NOT DISTINCT FROM ${r}`;
}

/** A column beside a value of an entity at `$root`: both are short to write twice. */
function besideRoot(left: BoundExpression, right: BoundExpression): boolean {
  const [l, r] = [widened(left), widened(right)];
  return l.kind === 'PropertyValue' && r.kind === 'PropertyValue' && (isRooted(l.row) || isRooted(r.row));
}

function nullComparison({ left, right }: Comparison, operator: ComparisonOperator, scope: Scope): string {
  if (isOrdering(operator)) {
    return 'FALSE';
  }
  const other = isNullConstant(left) ? right : left;
  if (isNullConstant(other)) {
    return operator === 'eq' ? 'TRUE' : 'FALSE';
  }
  return `${value(other, scope)} IS ${operator === 'eq' ? '' : 'NOT '}NULL`;
}

function negatedComparison(expression: Comparison, scope: Scope): string {
  const { operator } = expression;
  if (isOrdering(operator) && eitherNull(expression)) {
    return `(${comparison(expression, operator, scope)}) IS NOT TRUE`;
  }
  return comparison(expression, opposite[operator], scope);
}

/** Both sides, so written that an index on a column of one side stays usable. */
function operands({ left, right }: Comparison, scope: Scope): [string, string] {
  const [l, r] = [widened(left), widened(right)];
  const whole = [wholeBeside(l, r), wholeBeside(r, l)];
  return [
    whole[0] ?? (r.kind === 'Constant' ? value(l, scope) : bareValue(l, scope)),
    whole[1] ?? (l.kind === 'Constant' ? value(r, scope) : bareValue(r, scope)),
  ];
}

/** PostgreSQL compares integers of different widths, and floats of different widths, as they are. */
function widened(expression: BoundExpression): BoundExpression {
  if (expression.kind !== 'Convert') {
    return expression;
  }
  const { type, operand } = expression;
  const widens = isInteger(operand.type) && (isInteger(type) || type === 'Edm.Decimal');
  return widens && operand.kind === 'PropertyValue' ? operand : expression;
}

/** `IntegerColumn gt 5.0` compares with the whole number, not each row as a decimal. */
function wholeBeside(expression: BoundExpression, other: BoundExpression): string | null {
  if (expression.kind !== 'Constant' || !isInteger(other.type) || expression.value === null) {
    return null;
  }
  if (isInteger(expression.type) || expression.type === 'Edm.Decimal') {
    const whole = /^([+-]?)0*(\d{1,18})(\.0*)?$/.exec(expression.value);
    if (whole !== null) {
      return `${integerLiteral(`${whole[1] === '-' ? '-' : ''}${whole[2]}`)}`;
    }
  }
  return null;
}

function membership(expression: In, scope: Scope, form: 'truth' | 'value'): string {
  const { operand } = expression;
  const items = expression.items.filter((item) => !isNaNConstant(item));
  const constants = items.filter((item) => item.kind === 'Constant' && item.value !== null);
  const nulls = items.filter(isNullConstant).length > 0;
  if (constants.length + items.filter(isNullConstant).length < items.length) {
    return membershipOfRows(expression, scope);
  }
  const subject = value(operand, scope);
  if (constants.length === 0) {
    return nulls ? `(${subject} IS NULL)` : 'FALSE';
  }
  const list = `${subject} IN (${constants.map((item) => bareValue(item, scope)).join(', ')})`;
  if (!canBeNull(operand)) {
    return `(${list})`;
  }
  if (nulls) {
    return operand.kind === 'PropertyValue' ? `(${list} OR ${subject} IS NULL)` : `COALESCE(${list}, TRUE)`;
  }
  return form === 'truth' ? `(${list})` : `COALESCE(${list}, FALSE)`;
}

function membershipOfRows({ operand, items }: In, scope: Scope): string {
  const member = scope.aliases.next('v');
  const rows = items.map((item) => `(${value(item, scope)})`).join(', ');
  const number = maybeNaN(operand) ? ` AND ${member}.i IS DISTINCT FROM 'NaN'` : '';
  const same = `${value(operand, scope)} IS NOT DISTINCT FROM ${member}.i${number}`;
  return `EXISTS (SELECT 1 FROM (VALUES ${rows}) AS ${member}(i) WHERE ${same})`;
}

function rowExists(path: RowPath, scope: Scope): string {
  if (isRooted(path)) {
    const root = rootScope(path, scope);
    root.scope.where.push(`${rowId(root.row)} IS NOT NULL`);
    return `EXISTS (SELECT 1 ${fromWhere(root.scope)})`;
  }
  return isThere(path) ? 'TRUE' : `(${rowId(scope.at(path))} IS NOT NULL)`;
}

function lambda(expression: Extract<BoundExpression, { kind: 'Lambda' }>, scope: Scope): string {
  const { operator, over, predicate } = expression;
  const rows = rowsMatching(over, scope, (inner) => {
    if (predicate === null) {
      return null;
    }
    const sql = truth(predicate, inner);
    return operator === 'any' ? sql : `(${sql}) IS NOT TRUE`;
  });
  return operator === 'any' ? `EXISTS (SELECT 1 ${rows})` : `(NOT EXISTS (SELECT 1 ${rows}))`;
}
