import { isRestricted } from '../../plan/model/restricted-set.ts';
import { fromWhere } from '../expression/collection.ts';
import { type Row, rowId, type Scope } from '../scope.ts';
import { limitOffset, orderBy, type SortKey } from './order.ts';

/**
 * The condition "from the row on that is behind `skip` others", for a whole set in load order: the row numbers alone are
 * read from their index, where OFFSET would fetch each row that is left out. null: OFFSET has to do it, since a condition
 * or another order would be evaluated twice.
 */
export function behindSkipped(
  { scope, row }: { readonly scope: Scope; readonly row: Row },
  order: readonly SortKey[],
  skip: number | null,
): string | null {
  const [key, ...more] = order;
  const { entitySet, stored } = row;
  if (entitySet !== null && isRestricted(entitySet)) {
    return null;
  }
  if (skip === null || skip === 0 || key === undefined || more.length > 0 || scope.where.length > 0) {
    return null;
  }
  if (entitySet === null || stored === null || key.sql !== rowId(row) || key.direction !== 'asc') {
    return null;
  }
  const inner = scope.inner();
  const id = rowId(inner.table(entitySet));
  return `${key.sql} >= (SELECT ${id} ${fromWhere(inner)} ${orderBy([{ ...key, sql: id }])}${limitOffset(1, skip)})`;
}
