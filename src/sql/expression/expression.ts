import { GatewayError } from '../../errors.ts';
import type { BoundExpression, Constant } from '../../plan/model/read-plan.ts';
import { escapeText, literal } from '../literal.ts';
import { propertyColumn, type Scope } from '../scope.ts';
import { arithmetic, negation } from './arithmetic.ts';
import { fromWhere } from './collection.ts';
import { conversion } from './conversion.ts';
import { call } from './function-call.ts';
import { booleanValue, truth } from './predicate.ts';
import { isRooted, rootScope } from './root.ts';

/**
 * SQL for the value of a bound expression. Text that is not a plain column carries `COLLATE "C"`, so that every
 * comparison and every order goes by code point.
 */
export function value(expression: BoundExpression, scope: Scope): string {
  switch (expression.kind) {
    case 'Constant':
      return constant(expression);
    case 'PropertyValue':
      return property(expression, scope);
    case 'ComputedValue':
      return computed(expression.name, scope);
    case 'Convert':
      return conversion(expression, value(expression.operand, scope), scope);
    case 'Arithmetic':
      return arithmetic(expression, [value(expression.left, scope), value(expression.right, scope)], scope);
    case 'Negate':
      return negation(value(expression.operand, scope));
    case 'Function':
      return call(expression, scope);
    case 'Case':
      return caseValue(expression, scope);
    default:
      return booleanValue(expression, scope);
  }
}

/** As `value`, but text constants without type and collation: beside a column, which gives them both. */
export function bareValue(expression: BoundExpression, scope: Scope): string {
  return expression.kind === 'Constant' && expression.type === 'Edm.String' && expression.value !== null
    ? escapeText(expression.value)
    : value(expression, scope);
}

/** Gives text the order by code point. */
export function byCodePoint(sql: string): string {
  return `(${sql}) COLLATE "C"`;
}

function constant(expression: Constant): string {
  const sql = literal(expression);
  return expression.type === 'Edm.String' && expression.value !== null ? byCodePoint(sql) : sql;
}

function property(expression: Extract<BoundExpression, { kind: 'PropertyValue' }>, scope: Scope): string {
  const { row, property } = expression;
  if (isRooted(row)) {
    const root = rootScope(row, scope);
    return `(SELECT ${propertyColumn(root.row, property)} ${fromWhere(root.scope)})`;
  }
  const start = scope.variable(row.variable);
  if (start.stored !== null) {
    return propertyColumn(scope.at(row), property);
  }
  const path = [...row.steps.map((step) => step.navigation.name), property.name].join('/');
  const column = start.columns.get(path);
  if (column === undefined) {
    throw new GatewayError('UnknownProperty', `${path} is not part of the aggregated rows.`, { target: path });
  }
  return column;
}

function computed(name: string, scope: Scope): string {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const column = at.computedColumn(name);
    if (column !== undefined) {
      return column;
    }
  }
  throw new GatewayError('UnknownProperty', `${name} is not computed here.`, { target: name });
}

function caseValue(expression: Extract<BoundExpression, { kind: 'Case' }>, scope: Scope): string {
  const branches = expression.branches.map(({ when, then }) => `WHEN ${truth(when, scope)} THEN ${value(then, scope)}`);
  const sql = `CASE ${branches.join(' ')} END`;
  return expression.type === 'Edm.String' ? byCodePoint(sql) : `(${sql})`;
}
