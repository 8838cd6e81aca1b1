import type { BoundExpression, CollectionPath } from '../../plan/model/read-plan.ts';
import { joinConditions, type Scope } from '../scope.ts';
import { truth } from './predicate.ts';
import { isRooted, rootRow } from './root.ts';
import { searchCondition } from './search.ts';

/** `FROM ... WHERE ...` over the rows of a collection-valued navigation, seen from the row it starts at. */
export function rowsMatching(over: CollectionPath, scope: Scope, condition: (inner: Scope) => string | null): string {
  const inner = collectionScope(over, scope);
  const sql = condition(inner);
  if (sql !== null) {
    inner.where.push(sql);
  }
  return fromWhere(inner);
}

/** `Nav/$count`, with `$filter` and `$search` in it: a correlated count. */
export function collectionCount(
  expression: Extract<BoundExpression, { kind: 'CollectionCount' }>,
  scope: Scope,
): string {
  const { over, filter, search } = expression;
  const inner = collectionScope(over, scope);
  if (filter !== null) {
    inner.where.push(truth(filter, inner));
  }
  if (search !== null) {
    inner.where.push(searchCondition(search, inner.variable(over.variable)));
  }
  return `(SELECT count(*) ${fromWhere(inner)})`;
}

/** The FROM and WHERE clauses of a scope, once everything that adds joins to it is compiled; `more` conditions hold too. */
export function fromWhere(scope: Scope, more: readonly string[] = []): string {
  const conditions = [...scope.where, ...more];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `FROM ${scope.from.join(' ')}${where}`;
}

function collectionScope(over: CollectionPath, scope: Scope): Scope {
  const outer = isRooted(over.from) ? null : scope.at(over.from);
  const inner = scope.inner();
  const row = inner.table(over.variable.set, over.variable);
  const from = outer ?? rootRow(over.from, inner);
  inner.where.unshift(...joinConditions(from, row, over.navigation));
  return inner;
}
