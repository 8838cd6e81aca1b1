import { type Cursor, commaList } from '../cursor.ts';
import { refuseUnstorable } from '../path/percent-decode.ts';
import type { Expression, Literal } from '../syntax.ts';
import { parseExpression } from './expression.ts';

const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;

/** Plain: JSON itself. Computed: holds an OData expression, which the tree does not keep. */
interface JsonValue {
  readonly item: Expression;
  readonly plain: boolean;
}

/**
 * A JSON array or object in an expression (OData ABNF 4.01, section 5). An array of primitive values becomes a `List`, as
 * if it were written in parentheses; everything else is kept as text. Values computed by expressions are answered 501.
 */
export function parseJson(cursor: Cursor): Expression {
  const at = cursor.position;
  const value = cursor.peek() === '[' ? jsonArray(cursor) : jsonObject(cursor);
  if (!value.plain) {
    cursor.unsupported('json-expressions', 'an expression inside a JSON value', at);
  }
  return value.item;
}

function jsonArray(cursor: Cursor): JsonValue {
  const at = cursor.position;
  const values = cursor.nested(() => jsonItems(cursor, '[]', () => jsonValue(cursor)));
  const plain = values.every((value) => value.plain);
  const items = values.map((value) => value.item);
  if (items.every((item) => item.kind === 'Literal')) {
    return { item: { kind: 'List', at, items }, plain };
  }
  return { item: { kind: 'Json', at, text: cursor.text.slice(at, cursor.position) }, plain };
}

function jsonObject(cursor: Cursor): JsonValue {
  const at = cursor.position;
  const members = cursor.nested(() => jsonItems(cursor, '{}', () => jsonMember(cursor)));
  const plain = members.every((member) => member.plain);
  return { item: { kind: 'Json', at, text: cursor.text.slice(at, cursor.position) }, plain };
}

function jsonMember(cursor: Cursor): JsonValue {
  jsonString(cursor);
  cursor.skipBlanks();
  cursor.expect(':');
  cursor.skipBlanks();
  return jsonValue(cursor);
}

function jsonItems(cursor: Cursor, brackets: '[]' | '{}', item: () => JsonValue): JsonValue[] {
  const close = brackets.slice(1);
  cursor.expect(brackets.slice(0, 1));
  cursor.skipBlanks();
  if (cursor.take(close)) {
    return [];
  }
  const items = commaList(cursor, item);
  cursor.skipBlanks();
  cursor.expect(close);
  return items;
}

function jsonValue(cursor: Cursor): JsonValue {
  const first = cursor.peek();
  if (first === '"') {
    return { item: jsonString(cursor), plain: true };
  }
  if (first === '[') {
    return jsonArray(cursor);
  }
  if (first === '{') {
    return jsonObject(cursor);
  }
  const item = parseExpression(cursor);
  return { item, plain: item.kind === 'Literal' };
}

function jsonString(cursor: Cursor): Literal {
  const at = cursor.position;
  const found = cursor.match(stringPattern);
  if (found === null) {
    return cursor.fail('a JSON string in double quotes');
  }
  const text: unknown = JSON.parse(found[0]);
  return { kind: 'Literal', at, type: 'string', text: refuseUnstorable(String(text), cursor.target) };
}
