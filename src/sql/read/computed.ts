import type { BoundExpression, ComputedProperty } from '../../plan/model/read-plan.ts';
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

/** Whether a ComputedValue stands anywhere in the expression; nodes are plain records. */
export function usesComputed(expression: BoundExpression): boolean {
  return contains(expression, new Set());
}

function contains(node: unknown, seen: Set<unknown>): boolean {
  if (typeof node !== 'object' || node === null || seen.has(node) || node instanceof Map) {
    return false;
  }
  seen.add(node);
  if ('kind' in node && node.kind === 'ComputedValue') {
    return true;
  }
  if ('kind' in node && (node.kind === 'EntitySet' || node.kind === 'Property')) {
    return false;
  }
  return Object.values(node).some((part) => contains(part, seen));
}
