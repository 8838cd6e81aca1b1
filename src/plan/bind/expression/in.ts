import type { Expression } from '../../../uri/syntax.ts';
import type { BoundExpression, Constant } from '../../model/read-plan.ts';
import { checkLimit } from '../limits.ts';
import { fault, notImplemented, type Scope } from '../scope.ts';
import { aliasedExpression } from './alias.ts';
import { mismatch } from './comparison.ts';
import { checkMembers } from './enumeration.ts';
import { bindComparable, bindExpression } from './expression.ts';
import { isTooFine } from './fine-instant.ts';
import { isTextBesideGuid, spellings } from './guid-text.ts';
import { constantOf, nullConstant } from './literal.ts';
import { commonType, converted } from './promotion.ts';

type In = Extract<Expression, { kind: 'In' }>;

/**
 * `operand in (a,b,c)`: eq with any member, null included (4.01 URL Conventions 5.1.1.1.12). The list may also be an
 * alias of a list or of a JSON array.
 */
export function bindIn(expression: In, scope: Scope): BoundExpression {
  const operand = bindExpression(expression.left, scope);
  const items = members(expression, scope).flatMap<BoundExpression>((item) =>
    isTextBesideGuid(operand, item) ? spellings(item) : item,
  );
  for (const item of items) {
    checkMembers([operand, item], { scope, at: expression.at, equality: true });
  }
  const wider = items.reduce((left, item) => widened(left, item, { scope, at: expression.at }), operand);
  const type = wider.type;
  const typed = items.map((item) => (item.type === 'null' ? nullConstant : converted(item, type)));
  return {
    kind: 'In',
    type: 'Edm.Boolean',
    nullable: false,
    operand: converted(operand, type),
    items: typed.filter((item) => !isTooFine(operand, item, scope)),
  };
}

function widened(left: BoundExpression, item: BoundExpression, place: { scope: Scope; at: number }): BoundExpression {
  const type = commonType(left, item);
  if (type === null) {
    throw fault(place.scope, 'TypeMismatch', mismatch(left, item), place.at);
  }
  return converted(left, type);
}

function members(expression: In, scope: Scope): BoundExpression[] {
  const { right } = expression;
  const list = right.kind === 'ParameterAlias' ? aliasedExpression(right, scope.binding) : right;
  const limit = scope.binding.context.limits.inList;
  if (list?.kind === 'List') {
    checkLimit(list.items.length, limit, 'too many members in the list after `in`');
    return list.items.map((item) => bindComparable(item, scope));
  }
  // `@l=('a')` is a literal in parentheses: only here it is seen that a list of one was meant.
  if (list?.kind === 'Literal' && right.kind === 'ParameterAlias') {
    return [bindComparable(list, scope)];
  }
  if (list?.kind === 'Json') {
    return jsonMembers(list.text, scope, limit);
  }
  throw notImplemented(
    scope,
    'in-operands',
    'after `in` a list in parentheses is wanted, or an alias of one.',
    right.at,
  );
}

function jsonMembers(text: string, scope: Scope, limit: number): Constant[] {
  const values = parsedArray(text);
  if (values === null) {
    throw fault(scope, 'InvalidOption', `${text.slice(0, 40)} is no JSON array.`);
  }
  checkLimit(values.length, limit, 'too many members in the list after `in`');
  return values.map((value) => jsonConstant(value, scope));
}

function parsedArray(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function jsonConstant(value: unknown, scope: Scope): Constant {
  if (value === null) {
    return nullConstant;
  }
  if (typeof value === 'string') {
    return { kind: 'Constant', type: 'Edm.String', value };
  }
  if (typeof value === 'boolean') {
    return { kind: 'Constant', type: 'Edm.Boolean', value: String(value) };
  }
  if (typeof value === 'number') {
    return jsonNumber(value, scope);
  }
  throw fault(scope, 'TypeMismatch', 'the members of the list after `in` must be plain values.');
}

/** Beyond 2^53 the JSON reader has already rounded: such a member must be a string to keep its value. */
function jsonNumber(value: number, scope: Scope): Constant {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw fault(scope, 'TypeMismatch', `write the number ${value} as a JSON string, so that no digit is lost.`);
  }
  const text = String(value);
  const type = Number.isInteger(value) ? 'integer' : text.includes('e') ? 'double' : 'decimal';
  return constantOf({ kind: 'Literal', at: 0, type, text });
}
