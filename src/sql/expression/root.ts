import type { RowPath } from '../../plan/model/read-plan.ts';
import { keyConditions, type Row, type Scope } from '../scope.ts';

/** The row of `$root/Set(key)/...` as a row of a scope: a FROM clause of its own, or part of another one. */
export function rootRow({ variable, steps }: RowPath, scope: Scope): Row {
  const start = scope.table(variable.set);
  scope.where.push(...keyConditions(start, variable.key ?? []));
  return steps.reduce((row, step) => scope.join(row, step), start);
}

/**
 * A scope over that row alone, for a scalar subselect. It speaks of no row around it, so PostgreSQL reads the entity once for
 * the whole statement.
 */
export function rootScope(path: RowPath, outer: Scope): { readonly scope: Scope; readonly row: Row } {
  const scope = outer.inner();
  return { scope, row: rootRow(path, scope) };
}

/** Whether a path starts at `$root`. */
export const isRooted = ({ variable }: RowPath): boolean => variable.key !== undefined;
