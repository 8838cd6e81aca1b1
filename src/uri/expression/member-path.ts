import { parseAggregateItem } from '../apply/aggregate.ts';
import { type Cursor, parenthesised } from '../cursor.ts';
import { parseNestedOptions } from '../options/nested-options.ts';
import { parseAlias, parseParentheses } from '../path/key-predicate.ts';
import type { Expression, MemberPath, MemberSegment } from '../syntax.ts';
import { parseExpression } from './expression.ts';

type Variable = '$it' | '$this' | '$root';

/**
 * A path to a property, starting with a name, `$it`, `$this`, `$root`, or a parameter alias alone (OData ABNF 4.01,
 * firstMemberExpr and rootExpr). A function that only takes expressions comes out as a `Call`, for the binder to refuse.
 */
export function parseMemberPath(cursor: Cursor): Expression {
  const at = cursor.position;
  const first = cursor.peek();
  if (first === '@') {
    return aliasOrAnnotation(cursor);
  }
  if (first === '$') {
    return variablePath(cursor);
  }
  const name = cursor.qualifiedName();
  if (/^(?:any|all)$/i.test(name) && cursor.peek() === '(') {
    return cursor.fail(`a path to a collection before '${name}', as in Items/${name}(...)`, at);
  }
  const segment = nameSegment(cursor, name, at);
  if (segment.kind === 'Call') {
    return segment;
  }
  if (name.includes('.') && segment.keys === null && cursor.peek() !== '/') {
    return bareTypeName(cursor, segment);
  }
  return restOfPath(cursor, at, [segment]);
}

function variablePath(cursor: Cursor): Expression {
  const at = cursor.position;
  if (/^\$these(?![A-Za-z])/.test(cursor.text.slice(at, at + 7))) {
    cursor.position += 6;
    cursor.unsupported('these', '$these', at);
    return restOfPath(cursor, at, []);
  }
  const name = (['$it', '$this', '$root'] as const).find((variable) => isVariable(cursor, variable));
  if (name === undefined) {
    return cursor.fail("an operand; only '$it', '$this' and '$root' begin with '$'");
  }
  cursor.position += name.length;
  if (name === '$root' && cursor.peek() !== '/') {
    cursor.fail("'/' and the name of an entity set after $root");
  }
  return restOfPath(cursor, at, [{ kind: 'Variable', at, name }]);
}

function isVariable(cursor: Cursor, variable: Variable): boolean {
  return cursor.looksAt(variable) && !/[\p{L}\p{N}_]/u.test(cursor.peek(variable.length));
}

/** `@alias`, `@alias/Path`, `@Ns.Term#Qualifier/Path`; only the first has a node of its own. */
function aliasOrAnnotation(cursor: Cursor): Expression {
  const alias = parseAlias(cursor);
  const more = cursor.peek();
  if (more !== '.' && more !== '/' && more !== '#') {
    return alias;
  }
  cursor.position = alias.at;
  skipAnnotation(cursor);
  return cursor.peek() === '/' ? restOfPath(cursor, alias.at, []) : alias;
}

/** `@[Ns.]Term[#Qualifier]`: no annotation is stored, so a path to one is answered 501. */
export function skipAnnotation(cursor: Cursor): void {
  const at = cursor.position;
  cursor.expect('@');
  const term = cursor.qualifiedName('the name of a term');
  if (cursor.take('#')) {
    cursor.identifier('a qualifier');
  }
  cursor.unsupported('annotations', `a path from the alias or annotation @${term}`, at);
}

/** Only an aggregate may name a type alone: `aggregate(Ns.Type with Ns.method as X)`. */
function bareTypeName(cursor: Cursor, segment: MemberSegment & { kind: 'Name' }): MemberPath {
  const start = cursor.position;
  const aggregated = cursor.takeWord('with');
  cursor.position = start;
  if (!aggregated) {
    cursor.fail("'/' or '(' after a qualified name");
  }
  return { kind: 'MemberPath', at: segment.at, segments: [segment] };
}

function restOfPath(cursor: Cursor, at: number, segments: MemberSegment[]): MemberPath {
  for (;;) {
    if (cursor.peek() === '(') {
      // ABNF 4.01 collectionNavigationExpr: a key after `$filter(...)` or after a function's parentheses.
      cursor.unsupported('keys-after-filters', 'a key predicate after parentheses');
      parseParentheses(cursor);
    } else if (cursor.take('/')) {
      const segment = nextSegment(cursor);
      segments.push(...(segment === null ? [] : [segment]));
      cursor.checkLength(segments.length);
      if (segment?.kind === 'Count' || segment?.kind === 'Lambda') {
        return { kind: 'MemberPath', at, segments };
      }
    } else {
      return { kind: 'MemberPath', at, segments };
    }
  }
}

/** Null for a segment the tree has no place for; it was noted as unsupported. */
function nextSegment(cursor: Cursor): MemberSegment | null {
  const at = cursor.position;
  if (cursor.peek() === '@') {
    skipAnnotation(cursor);
    return null;
  }
  if (cursor.peek() === '$') {
    return systemSegment(cursor);
  }
  const name = cursor.qualifiedName("a name, '$count', '$filter(...)', 'any(...)' or 'all(...)'");
  const lower = name.length <= 3 ? name.toLowerCase() : name;
  if (cursor.peek() === '(' && (lower === 'any' || lower === 'all')) {
    return lambda(cursor, lower, at);
  }
  if (cursor.peek() === '(' && name === 'aggregate') {
    cursor.unsupported('aggregate-in-expressions', 'aggregate() inside an expression', at);
    parenthesised(cursor, () => parseAggregateItem(cursor, false));
    return null;
  }
  const segment = nameSegment(cursor, name, at);
  if (segment.kind === 'Call') {
    cursor.unsupported('model-functions', `the function ${name}`, at);
    return null;
  }
  return segment;
}

function nameSegment(
  cursor: Cursor,
  name: string,
  at: number,
): (MemberSegment & { kind: 'Name' }) | (Expression & { kind: 'Call' }) {
  if (cursor.peek() !== '(') {
    return { kind: 'Name', at, name, keys: null };
  }
  const parentheses = parseParentheses(cursor);
  if (parentheses.kind === 'Arguments') {
    return { kind: 'Call', at, name, args: parentheses.args };
  }
  if (name.includes('.') && parentheses.keys.kind === 'Named') {
    cursor.unsupported('model-functions', `the function ${name}`, at);
  }
  return { kind: 'Name', at, name, keys: parentheses.keys };
}

function systemSegment(cursor: Cursor): MemberSegment {
  const at = cursor.position;
  if (cursor.take('$filter')) {
    return { kind: 'FilterSegment', at, condition: parenthesised(cursor, () => parseExpression(cursor)) };
  }
  if (!cursor.take('$count')) {
    return cursor.fail("'$count', '$filter(...)' or a name");
  }
  if (cursor.peek() !== '(') {
    return { kind: 'Count', at, filter: null, search: null };
  }
  const options = parseNestedOptions(cursor, 'count');
  return { kind: 'Count', at, filter: options.filter ?? null, search: options.search ?? null };
}

function lambda(cursor: Cursor, operator: 'any' | 'all', at: number): MemberSegment {
  return parenthesised(cursor, () => {
    if (operator === 'any' && cursor.peek() === ')') {
      return { kind: 'Lambda', at, operator, variable: null, predicate: null };
    }
    const variable = cursor.identifier('a lambda variable');
    cursor.skipBlanks();
    cursor.expect(':');
    cursor.skipBlanks();
    return { kind: 'Lambda', at, operator, variable, predicate: parseExpression(cursor) };
  });
}
