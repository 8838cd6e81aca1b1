import type { Cursor } from '../cursor.ts';
import type { BinaryOperator, Expression } from '../syntax.ts';
import { startsNegativeInfinity } from './literal.ts';
import { parsePrimary } from './primary.ts';

/**
 * How tight an operator binds, loosest first (OData URL Conventions 4.01, 5.1.1.17 Operator Precedence). `has` and `in`
 * are of the primary group: `not A in (1,2)` is `not (A in (1,2))`, while `not A eq 1` is `(not A) eq 1`.
 */
const precedence: Readonly<Record<BinaryOperator | 'in', number>> = {
  or: 1,
  and: 2,
  eq: 3,
  ne: 3,
  gt: 4,
  ge: 4,
  lt: 4,
  le: 4,
  add: 5,
  sub: 5,
  mul: 6,
  div: 6,
  divby: 6,
  mod: 6,
  has: 7,
  in: 7,
};
const primaryGroup = 7;

interface OperatorToken {
  readonly name: BinaryOperator | 'in';
  readonly precedence: number;
  /** Where the operand begins. */
  readonly end: number;
}

/** commonExpr: any expression, operators of equal precedence grouped from the left. */
export function parseExpression(cursor: Cursor): Expression {
  return parseBinary(cursor, 1);
}

function parseBinary(cursor: Cursor, weakest: number): Expression {
  let left = parseUnary(cursor);
  for (;;) {
    const operator = operatorHere(cursor);
    if (operator === null || operator.precedence < weakest) {
      return left;
    }
    if (operator.name === 'in') {
      return cursor.fail('an operand of the primary group before in');
    }
    cursor.position = operator.end;
    const right = parseBinary(cursor, operator.precedence + 1);
    left = { kind: 'Binary', at: left.at, operator: operator.name, left, right };
    cursor.countNode();
  }
}

function parseUnary(cursor: Cursor): Expression {
  const at = cursor.position;
  if (startsNot(cursor)) {
    cursor.position += 3;
    cursor.skipBlanks();
    return unary(cursor, at, 'not');
  }
  if (cursor.peek() === '-' && !/\d/.test(cursor.peek(1)) && !startsNegativeInfinity(cursor)) {
    cursor.position += 1;
    cursor.skipBlanks();
    return unary(cursor, at, 'neg');
  }
  return parseMembership(cursor);
}

function unary(cursor: Cursor, at: number, operator: 'not' | 'neg'): Expression {
  cursor.countNode();
  const operand = cursor.nested(() => parseUnary(cursor));
  return { kind: 'Unary', at, operator, operand };
}

/** `not` is an operator before a blank or a parenthesis; clients write `not(...)` without the blank of the grammar. */
function startsNot(cursor: Cursor): boolean {
  return cursor.peekWord() === 'not' && /[ \t(]/.test(cursor.peek(3));
}

/** A primary with `has` and `in` after it. */
function parseMembership(cursor: Cursor): Expression {
  let left = parsePrimary(cursor, false);
  for (;;) {
    const operator = operatorHere(cursor);
    if (operator === null || operator.precedence < primaryGroup) {
      return left;
    }
    cursor.position = operator.end;
    cursor.countNode();
    const right = parsePrimary(cursor, operator.name === 'in');
    left =
      operator.name === 'in'
        ? { kind: 'In', at: left.at, left, right }
        : { kind: 'Binary', at: left.at, operator: operator.name, left, right };
  }
}

/** The operator after the blanks here, without moving; it needs a blank before it, and a blank or `(` after it. */
function operatorHere(cursor: Cursor): OperatorToken | null {
  const start = cursor.position;
  if (!cursor.skipBlanks()) {
    return null;
  }
  const word = cursor.peekWord();
  const token = isOperator(word) ? operatorToken(cursor, word) : null;
  cursor.position = start;
  return token;
}

function operatorToken(cursor: Cursor, name: BinaryOperator | 'in'): OperatorToken | null {
  cursor.position += name.length;
  return cursor.skipBlanks() || cursor.peek() === '('
    ? { name, precedence: precedence[name], end: cursor.position }
    : null;
}

function isOperator(word: string): word is BinaryOperator | 'in' {
  return Object.hasOwn(precedence, word);
}
