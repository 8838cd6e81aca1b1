import type { BoundTransformation } from '../../plan/model/read-plan.ts';
import { value } from '../expression/expression.ts';
import { integerLiteral } from '../literal.ts';
import { orderBy, type SortKey } from '../read/order.ts';
import { rowId } from '../scope.ts';
import { isFloat } from '../sql-type.ts';
import { companionKeys, type Layer, partitionBy, wrapped } from './layer.ts';

/** The order of a layer, made total where its rows have ids, else by all their columns. */
export function totalised(layer: Layer): SortKey[] {
  const { row, order } = layer;
  const beside = companionKeys(layer);
  if (row.stored !== null) {
    return [...order, { sql: rowId(row), type: 'Edm.Int64', direction: 'asc', nullable: false }, ...beside];
  }
  const key = (sql: string): SortKey => ({ sql, type: 'Edm.String', direction: 'asc', nullable: true });
  return [...order, ...[...row.columns.values()].map(key), ...beside];
}

type Ranked = Extract<BoundTransformation, { kind: 'ranked' }>;

/** `topcount` and its kin, in each group apart: rows by descending (`bottom...`: ascending) value until the number, sum or share is reached. */
export function ranked(layer: Layer, step: Ranked): Layer {
  const { scope } = layer;
  const by = value(step.by, scope);
  // `numeric` holds the sum of any floats.
  const counted = isFloat(step.by.type) ? `(${by})::text::numeric` : by;
  const plain = value(step.amount, scope);
  const amount = isFloat(step.amount.type) ? `(${plain})::text::numeric` : plain;
  const ties = totalised({ ...layer, order: [] });
  const direction = step.name.startsWith('top') ? 'DESC' : 'ASC';
  const rank = ties.map((key) => (key.nullable ? `${key.sql} ASC NULLS FIRST` : key.sql)).join(', ');
  const order = `ORDER BY ${by} ${direction} NULLS LAST, ${rank}`;
  const group = partitionBy(layer);
  const window = `OVER (${group}${order} ROWS UNBOUNDED PRECEDING)`;
  const before = step.name.endsWith('count') ? `row_number() ${window} - 1` : `sum(${counted}) ${window} - ${counted}`;
  const extra = new Map([['$before', before]]);
  if (step.name.endsWith('percent')) {
    extra.set('$total', `sum(${counted}) OVER (${group.trim()})`);
  }
  const made = wrapped(layer, { extra });
  const share = step.name.endsWith('percent') ? `${made.row.columns.get('$total')} * ${amount} / 100` : amount;
  made.scope.where.push(`${made.row.columns.get('$before')} < ${share}`);
  made.row.columns.delete('$before');
  made.row.columns.delete('$total');
  return made;
}

/** `top` and `skip`, in each group apart: in the order that the rows have (3.3.5, 3.3.6). */
export function cut(layer: Layer, { kind, count }: Extract<BoundTransformation, { kind: 'top' | 'skip' }>): Layer {
  const order = totalised(layer);
  const group = partitionBy(layer);
  if (group === '') {
    return wrapped(layer, kind === 'top' ? { order, limit: count } : { order, offset: count });
  }
  const made = wrapped(layer, { extra: new Map([['$at', `row_number() OVER (${group}${orderBy(order)})`]]) });
  made.scope.where.push(`${made.row.columns.get('$at')} ${kind === 'top' ? '<=' : '>'} ${integerLiteral(count)}`);
  made.row.columns.delete('$at');
  return made;
}
