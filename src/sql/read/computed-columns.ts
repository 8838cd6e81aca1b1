import { usesComputed } from '../../plan/logic/references.ts';
import type { ComputedProperty } from '../../plan/model/read-plan.ts';
import { value } from '../expression/expression.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { Row, Scope } from '../scope.ts';

/** Makes the `$compute`d properties known to the scope, so that every later expression can name them. */
export function addComputed(items: readonly ComputedProperty[], scope: Scope, row: Row): void {
  for (const { name, expression } of items) {
    const sql = value(expression, scope);
    row.columns.set(name, usesComputed(expression) ? evaluatedOnce(sql, row) : sql);
  }
}

/**
 * A computed value that other computed values are made of is evaluated in a subselect that PostgreSQL does not pull up:
 * written out in place, a chain of `a add a` would double with every step.
 */
function evaluatedOnce(sql: string, row: Row): string {
  const alias = row.scope.aliases.next('k');
  row.scope.from.push(`CROSS JOIN LATERAL (SELECT ${sql} AS ${quoteIdentifier('v')} OFFSET 0) AS ${alias}`);
  return `${alias}.${quoteIdentifier('v')}`;
}
