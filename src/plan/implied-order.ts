import type { StoredSet } from '../catalogue/catalogue.ts';
import type { BoundExpression, OrderKey, Restriction } from './read-plan.ts';

type PropertyValue = BoundExpression & { readonly kind: 'PropertyValue' };

/**
 * The order of rows that nobody ordered but that a filter restricts to a range of time, as an incremental refresh does:
 * by that time. Its index then gives a page's rows in order from the first one on; in load order PostgreSQL would have
 * to read and sort the whole range again for each page. Empty where there is no such range or no such index.
 */
export function impliedOrder({ filter, search, orderby }: Restriction, stored: StoredSet): readonly OrderKey[] {
  if (filter === null || search !== null || orderby.length > 0) return orderby;
  const bounds = conjuncts(filter).flatMap((condition) => boundOf(condition) ?? []);
  const lower = bounds.filter(({ side }) => side === 'lower');
  const range = lower.find(({ property }) => {
    const { name } = property.property;
    const indexed = stored.indexes.some((columns) => columns.length === 1 && columns[0] === name);
    return indexed && bounds.some((other) => other.side === 'upper' && other.property.property.name === name);
  });
  return range === undefined ? [] : [{ expression: range.property, direction: 'asc' }];
}

function conjuncts(expression: BoundExpression): readonly BoundExpression[] {
  if (expression.kind !== 'Logical' || expression.operator !== 'and') return [expression];
  return [...conjuncts(expression.left), ...conjuncts(expression.right)];
}

interface Bound {
  readonly property: PropertyValue;
  readonly side: 'lower' | 'upper';
}

/** `Time ge 2025-03-01T00:00:00Z` or the like, either way round; null: something else. */
function boundOf(condition: BoundExpression): Bound | null {
  if (condition.kind !== 'Comparison') return null;
  const { operator, left, right } = condition;
  if (operator === 'eq' || operator === 'ne') return null;
  const grows = operator === 'gt' || operator === 'ge';
  if (isOwnTime(left) && right.kind === 'Constant') return { property: left, side: grows ? 'lower' : 'upper' };
  if (isOwnTime(right) && left.kind === 'Constant') return { property: right, side: grows ? 'upper' : 'lower' };
  return null;
}

function isOwnTime(expression: BoundExpression): expression is PropertyValue {
  if (expression.kind !== 'PropertyValue' || expression.row.steps.length > 0) return false;
  return expression.type === 'Edm.DateTimeOffset' || expression.type === 'Edm.Date';
}
