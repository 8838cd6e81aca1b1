import { primitiveType } from '../edm/primitive-types.ts';
import { GatewayError } from '../errors.ts';
import { fromWhere } from '../sql/expression/collection.ts';
import { value } from '../sql/expression/expression.ts';
import { truth } from '../sql/expression/predicate.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import { joinConditions, type Row, type Scope } from '../sql/scope.ts';
import type { BoundAggregate, BoundGathering } from './bind-contribution.ts';

/** Joins values that are made of rows of another set to the row of a contribution, under their names. */
export function joinGathered(scope: Scope, row: Row, { navigation, variable, values }: BoundGathering): void {
  const inner = scope.inner();
  const rows = inner.table(variable.set, variable);
  inner.where.unshift(...joinConditions(row, rows, navigation));
  const alias = scope.aliases.next('g');
  const cells = [...values].map(([name, one]) => `${aggregate(one, inner)} AS ${quoteIdentifier(name)}`);
  scope.from.push(`LEFT JOIN LATERAL (SELECT ${cells.join(', ')} ${fromWhere(inner)}) AS ${alias} ON TRUE`);
  for (const name of values.keys()) {
    row.columns.set(name, `${alias}.${quoteIdentifier(name)}`);
  }
}

/** An aggregate over the rows of a scope, as SQL. */
export function aggregate({ method, type, of, by, where }: BoundAggregate, scope: Scope): string {
  const filter = where === null ? '' : ` FILTER (WHERE ${truth(where, scope)})`;
  const given = of === null ? '*' : value(of, scope);
  const cast = (sql: string): string => `(${sql})::${primitiveType(type).postgres}`;
  if (method === 'count') {
    return cast(`count(${given})${filter}`);
  }
  if (method !== 'first' && method !== 'last') {
    return cast(`${method}(${given})${filter}`);
  }
  if (by === null) {
    throw new GatewayError('Internal', `${method} without an order.`);
  }
  const present = [`(${given}) IS NOT NULL`, ...(where === null ? [] : [truth(where, scope)])].join(' AND ');
  const order = `${value(by, scope)} ${method === 'first' ? 'ASC' : 'DESC'} NULLS LAST, ${given}`;
  return cast(`(array_agg(${given} ORDER BY ${order}) FILTER (WHERE ${present}))[1]`);
}
