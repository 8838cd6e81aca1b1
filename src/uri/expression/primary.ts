import { type Cursor, commaList, parenthesised } from '../cursor.ts';
import type { Expression } from '../syntax.ts';
import { canonicalFunctions } from './canonical-functions.ts';
import { parseExpression } from './expression.ts';
import { parseJson } from './json-literal.ts';
import { bareLiteral, wordLiteral } from './literal.ts';
import { parseMemberPath } from './member-path.ts';
import { prefixedLiteral } from './quoted-literal.ts';

/** A literal, path, call, or anything in parentheses. `listAllowed`: parentheses hold a list, as right of `in`. */
export function parsePrimary(cursor: Cursor, listAllowed: boolean): Expression {
  cursor.countNode();
  switch (cursor.peek()) {
    case '(':
      return listAllowed ? parseList(cursor) : parenthesised(cursor, () => parseExpression(cursor));
    case '[':
    case '{':
      return parseJson(cursor);
    case '$':
    case '@':
      return parseMemberPath(cursor);
    default:
      return bareLiteral(cursor) ?? namedPrimary(cursor);
  }
}

/** listExpr. An empty list is accepted, though the grammar asks for an item: clients build lists by program. */
export function parseList(cursor: Cursor): Expression {
  const at = cursor.position;
  const items = parenthesised(cursor, () => (cursor.peek() === ')' ? [] : commaList(cursor, () => listItem(cursor))));
  return { kind: 'List', at, items };
}

/** Literals do not count as expression nodes here: the length of the list is limited instead. */
function listItem(cursor: Cursor): Expression {
  const start = cursor.position;
  const literal = bareLiteral(cursor);
  if (literal !== null && /[ \t,)]/.test(cursor.peek())) {
    const after = cursor.position;
    cursor.skipBlanks();
    if (cursor.peek() === ',' || cursor.peek() === ')') {
      cursor.position = after;
      return literal;
    }
  }
  cursor.position = start;
  return parseExpression(cursor);
}

function namedPrimary(cursor: Cursor): Expression {
  const at = cursor.position;
  const name = cursor.qualifiedName('an operand: a literal, a property path, a function or a parenthesis');
  const next = cursor.peek();
  if (next === "'") {
    return prefixedLiteral(cursor, name, at);
  }
  if (next === '(') {
    const call = parseCall(cursor, name, at);
    if (call !== null) {
      return call;
    }
  } else if (next !== '/') {
    const literal = wordLiteral(name, at);
    if (literal !== null) {
      return literal;
    }
  }
  cursor.position = at;
  return parseMemberPath(cursor);
}

/** A function of the language; null if `name` is none, so that keys or parameters of the model's own names follow. */
function parseCall(cursor: Cursor, name: string, at: number): Expression | null {
  const lower = name.toLowerCase();
  if (lower === 'case') {
    return parseCase(cursor, at);
  }
  if (lower === 'cast' || lower === 'isof') {
    return parseTypeCall(cursor, lower, at);
  }
  const arity = canonicalFunctions.get(lower);
  if (arity === undefined) {
    return null;
  }
  const args = parenthesised(cursor, () =>
    cursor.peek() === ')' ? [] : commaList(cursor, () => parseExpression(cursor)),
  );
  if (args.length < arity[0] || args.length > arity[1]) {
    cursor.fail(`${arity[0] === arity[1] ? arity[0] : `${arity[0]} or ${arity[1]}`} arguments of ${lower}`, at);
  }
  if (lower.startsWith('geo.')) {
    cursor.unsupported('geo', `the function ${lower}`, at);
  }
  return { kind: 'Call', at, name: lower, args };
}

function parseCase(cursor: Cursor, at: number): Expression {
  const pairs = parenthesised(cursor, () =>
    commaList(cursor, () => {
      const condition = parseExpression(cursor);
      cursor.skipBlanks();
      cursor.expect(':');
      cursor.skipBlanks();
      return [condition, parseExpression(cursor)];
    }),
  );
  return { kind: 'Call', at, name: 'case', args: pairs.flat() };
}

function parseTypeCall(cursor: Cursor, name: 'cast' | 'isof', at: number): Expression {
  return parenthesised(cursor, () => {
    const start = cursor.position;
    const alone = typeNameBeforeEnd(cursor);
    if (alone !== null) {
      return { kind: 'TypeCall', at, name, operand: null, typeName: alone };
    }
    cursor.position = start;
    const operand = parseExpression(cursor);
    cursor.skipBlanks();
    cursor.expect(',');
    cursor.skipBlanks();
    return { kind: 'TypeCall', at, name, operand, typeName: parseTypeName(cursor) };
  });
}

/** The type name if it is all that the parentheses hold. */
function typeNameBeforeEnd(cursor: Cursor): string | null {
  if (!/[\p{L}_]/u.test(cursor.peek())) {
    return null;
  }
  const word = cursor.qualifiedName();
  const start = cursor.position - word.length;
  if (word === 'Collection' && cursor.peek() === '(') {
    cursor.position = start;
    return parseTypeName(cursor);
  }
  cursor.skipBlanks();
  return cursor.peek() === ')' ? word : null;
}

/** optionallyQualifiedTypeName. */
function parseTypeName(cursor: Cursor): string {
  const name = cursor.qualifiedName('a type name');
  if (name !== 'Collection' || !cursor.take('(')) {
    return name;
  }
  const item = cursor.qualifiedName('a type name');
  cursor.expect(')');
  return `Collection(${item})`;
}
