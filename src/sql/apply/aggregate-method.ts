import type { BoundAggregate } from '../../plan/model/read-plan.ts';
import { isFloat, sqlType } from '../sql-type.ts';
import { durationTotal, floatTotal } from './totals.ts';

/**
 * One aggregate call (Data Aggregation 3.1.3), cast to the type the plan promises. Null values are left out; of no
 * values sum, min, max and average are null and the counts 0. `condition`: only rows where it is true.
 */
export function methodCall(item: BoundAggregate, argument: string | null, condition: string | null): string {
  const filter = condition === null ? '' : ` FILTER (WHERE ${condition})`;
  const cast = `::${sqlType(item.type)}`;
  if (item.method === 'count' || argument === null) {
    return `count(*)${filter}${cast}`;
  }
  switch (item.method) {
    case 'sum':
      if (isFloat(item.type) || item.type === 'Edm.Duration') {
        return unfailing(item, 'sum', { argument, condition });
      }
      return `sum(${argument})${filter}${cast}`;
    case 'average': {
      if (isFloat(item.type) || item.type === 'Edm.Duration') {
        return unfailing(item, 'average', { argument, condition });
      }
      const average = `avg(${argument})${filter}`;
      return item.type === 'Edm.Decimal' ? `trim_scale(${average})` : `${average}${cast}`;
    }
    case 'countdistinct':
      return `count(DISTINCT ${argument})${filter}${cast}`;
    default:
      return extreme(item, argument, filter);
  }
}

/** Single is summed as double, so that the digits of the sum do not fade. */
function unfailing(
  { type }: BoundAggregate,
  method: 'sum' | 'average',
  { argument, condition }: { readonly argument: string; readonly condition: string | null },
): string {
  if (type === 'Edm.Duration') {
    return `(${durationTotal({ x: argument, method, condition })})`;
  }
  return `(${floatTotal({ x: `${argument}::double precision`, method, condition })})::${sqlType(type)}`;
}

/** Booleans, guids and binary have an order in PostgreSQL but no min and max in every version. */
function extreme(item: BoundAggregate, argument: string, filter: string): string {
  const ordered = item.type === 'Edm.Boolean' || item.type === 'Edm.Guid' || item.type === 'Edm.Binary';
  if (!ordered) {
    return `${item.method}(${argument})${filter}${item.type === 'Edm.String' ? '' : `::${sqlType(item.type)}`}`;
  }
  const direction = item.method === 'min' ? 'ASC NULLS LAST' : 'DESC NULLS LAST';
  return `(array_agg(${argument} ORDER BY ${argument} ${direction})${filter})[1]`;
}
