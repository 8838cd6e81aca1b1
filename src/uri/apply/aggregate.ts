import { type Cursor, commaList, parenthesised } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import { parseAsAlias } from '../options/option-values.ts';
import type { AggregateItem, Expression, MemberPath } from '../syntax.ts';

const methods = new Set(['sum', 'min', 'max', 'average', 'countdistinct']);

type Operand = Pick<AggregateItem, 'expression' | 'countPath'>;

/** The items of `aggregate(...)` (OData Data Aggregation 4.0, 3.2.1), the cursor on the parenthesis. */
export function parseAggregate(cursor: Cursor): AggregateItem[] {
  return parenthesised(cursor, () => commaList(cursor, () => parseAggregateItem(cursor, true)));
}

/**
 * One item. Everything but a custom aggregate needs an alias, unless `aliased` is false, as where `aggregate(...)` stands
 * in an expression and takes none.
 */
export function parseAggregateItem(cursor: Cursor, aliased: boolean): AggregateItem {
  const at = cursor.position;
  const operand = parseOperand(cursor);
  const method = operand.expression !== null && cursor.takeWord('with') ? parseMethod(cursor) : null;
  const custom = operand.expression !== null && method === null;
  if (custom && !isPropertyPath(operand.expression)) {
    cursor.fail("' with ' and an aggregation method");
  }
  const from = parseFrom(cursor, custom);
  const alias = aliased && (!custom || nextWordIs(cursor, 'as')) ? parseAsAlias(cursor) : null;
  return { at, ...operand, method, from, alias };
}

/** A path of names, as groupby, from and expand take it. */
export function parseNamePath(cursor: Cursor): string[] {
  const path = [cursor.qualifiedName('a property path')];
  while (cursor.take('/')) {
    path.push(cursor.qualifiedName('a property name'));
    cursor.checkLength(path.length);
  }
  return path;
}

function parseOperand(cursor: Cursor): Operand {
  if (cursor.take('$count')) {
    return { expression: null, countPath: [] };
  }
  const expression = parseExpression(cursor);
  return countOperand(expression) ?? { expression, countPath: [] };
}

/** `A/B/$count` is a count of that collection, not a value; with a key in it the path is a value like any other. */
function countOperand(expression: Expression): Operand | null {
  const last = expression.kind === 'MemberPath' ? expression.segments.at(-1) : undefined;
  if (expression.kind !== 'MemberPath' || last?.kind !== 'Count' || last.filter !== null || last.search !== null) {
    return null;
  }
  const names = expression.segments
    .slice(0, -1)
    .map((segment) => (segment.kind === 'Name' && segment.keys === null ? segment.name : null));
  const countPath = names.filter((name) => name !== null);
  return countPath.length === names.length ? { expression: null, countPath } : null;
}

function isPropertyPath(expression: Expression | null): expression is MemberPath {
  return expression?.kind === 'MemberPath' && expression.segments.every((segment) => segment.kind === 'Name');
}

function parseMethod(cursor: Cursor): string {
  const at = cursor.position;
  const method = cursor.qualifiedName('an aggregation method');
  if (!method.includes('.') && !methods.has(method)) {
    cursor.fail('sum, min, max, average, countdistinct or a qualified method', at);
  }
  return method;
}

/** `from A,B with max`: the last path has the method of all. Only a custom aggregate goes without. */
function parseFrom(cursor: Cursor, custom: boolean): AggregateItem['from'] {
  const from: { path: readonly string[]; method: string | null }[] = [];
  while (cursor.takeWord('from')) {
    const paths = commaList(cursor, () => parseNamePath(cursor));
    const method = cursor.takeWord('with') ? parseMethod(cursor) : null;
    if (method === null && !custom) {
      cursor.fail("' with ' and the method for what 'from' names");
    }
    from.push(...paths.map((path, index) => ({ path, method: index === paths.length - 1 ? method : null })));
    cursor.checkLength(from.length);
  }
  return from;
}

function nextWordIs(cursor: Cursor, word: string): boolean {
  const start = cursor.position;
  const found = cursor.takeWord(word);
  cursor.position = start;
  return found;
}
