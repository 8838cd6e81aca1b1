import { type Cursor, commaList, parenthesised } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import { primitiveLiteral } from '../expression/literal.ts';
import type { Expression, KeyPredicate, Literal, ParameterAlias } from '../syntax.ts';

const namedStart = /\(\s*[\p{L}_][\p{L}\p{N}\p{M}_]*[ \t]*=/uy;

/** What stands in parentheses after a name: keys (or named parameters, which look alike), or other arguments. */
export type Parentheses =
  | { readonly kind: 'Keys'; readonly keys: KeyPredicate }
  | { readonly kind: 'Arguments'; readonly args: readonly Expression[] };

/** `@name` as a value. */
export function parseAlias(cursor: Cursor): ParameterAlias {
  const at = cursor.position;
  cursor.expect('@');
  return { kind: 'ParameterAlias', at, name: cursor.identifier('the name of a parameter alias') };
}

/** A key predicate of a resource path: its values are literals and aliases only (OData ABNF 4.01, keyPredicate). */
export function parseKeyPredicate(cursor: Cursor): KeyPredicate {
  const at = cursor.position;
  const named = isNamed(cursor);
  return parenthesised(cursor, () => {
    if (cursor.peek() === ')') {
      return { kind: 'Named', at, pairs: [] };
    }
    return named
      ? { kind: 'Named', at, pairs: commaList(cursor, () => keyPair(cursor)) }
      : { kind: 'Positional', at, value: keyValue(cursor) };
  });
}

/** Parentheses after a name inside an expression, where parameters may be expressions as well. */
export function parseParentheses(cursor: Cursor): Parentheses {
  const at = cursor.position;
  if (isNamed(cursor)) {
    return { kind: 'Keys', keys: { kind: 'Named', at, pairs: namedArguments(cursor) } };
  }
  const args = parenthesised(cursor, () =>
    cursor.peek() === ')' ? [] : commaList(cursor, () => parseExpression(cursor)),
  );
  const [only, second] = args;
  if (only === undefined) {
    return { kind: 'Keys', keys: { kind: 'Named', at, pairs: [] } };
  }
  return second === undefined && isKeyValue(only)
    ? { kind: 'Keys', keys: { kind: 'Positional', at, value: only } }
    : { kind: 'Arguments', args };
}

function isNamed(cursor: Cursor): boolean {
  namedStart.lastIndex = cursor.position;
  return namedStart.test(cursor.text);
}

function keyPair(cursor: Cursor): { name: string; value: Literal | ParameterAlias } {
  const name = cursor.identifier('the name of a key property');
  cursor.skipBlanks();
  cursor.expect('=');
  cursor.skipBlanks();
  return { name, value: keyValue(cursor) };
}

function keyValue(cursor: Cursor): Literal | ParameterAlias {
  if (cursor.peek() === '@') {
    return parseAlias(cursor);
  }
  return primitiveLiteral(cursor) ?? cursor.fail('a literal or a parameter alias as key value');
}

function namedArguments(cursor: Cursor): { name: string; value: Literal | ParameterAlias }[] {
  return parenthesised(cursor, () =>
    commaList(cursor, () => {
      const name = cursor.identifier('the name of a parameter');
      cursor.skipBlanks();
      cursor.expect('=');
      cursor.skipBlanks();
      const at = cursor.position;
      const value = parseExpression(cursor);
      if (isKeyValue(value)) {
        return { name, value };
      }
      cursor.unsupported('model-functions', 'a function with an expression as argument', at);
      return { name, value: { kind: 'Literal', at, type: 'null', text: 'null' } satisfies Literal };
    }),
  );
}

function isKeyValue(value: Expression): value is Literal | ParameterAlias {
  return value.kind === 'Literal' || value.kind === 'ParameterAlias';
}
