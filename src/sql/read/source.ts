import { GatewayError } from '../../errors.ts';
import type { RangeVariable, RowSource } from '../../plan/model/read-plan.ts';
import { fromWhere } from '../expression/collection.ts';
import { truth } from '../expression/predicate.ts';
import { quoteIdentifier } from '../identifier.ts';
import { integerLiteral, literal } from '../literal.ts';
import { joinConditions, joinedColumns, propertyColumn, type Row, type Scope } from '../scope.ts';

/** Puts the rows of a resource path into a scope: its FROM clause and the conditions of the path. */
export function openSource(source: RowSource, scope: Scope, variable?: RangeVariable): Row {
  switch (source.kind) {
    case 'Set':
      return scope.table(source.set, variable);
    case 'Keyed': {
      const row = openSource(source.from, scope, variable);
      for (const { property, value } of source.key) {
        if (value.value === null) {
          throw new GatewayError('EntityNotFound', 'A key value cannot be null.');
        }
        scope.where.push(`${propertyColumn(row, property)} = ${literal(value)}`);
      }
      return row;
    }
    case 'Filtered': {
      const row = openSource(source.from, scope, variable);
      scope.bind(source.variable, row);
      scope.where.push(truth(source.condition, scope));
      return row;
    }
    case 'Navigated': {
      const row = scope.table(source.set, variable);
      const inner = scope.inner();
      const base = openSource(source.from, inner);
      if (isElsewhere(base, row)) {
        const pairs = joinedColumns(base, row, source.navigation);
        const list = (side: 'ours' | 'theirs'): string => pairs.map((pair) => pair[side]).join(', ');
        scope.where.push(`(${list('theirs')}) IN (SELECT ${list('ours')} ${fromWhere(inner)})`);
        return row;
      }
      inner.where.push(...joinConditions(base, row, source.navigation));
      scope.where.push(`EXISTS (SELECT 1 ${fromWhere(inner)})`);
      return row;
    }
  }
}

/** Whether tables lie on other servers: these can be read one after the other, and not looked into from each other's rows. */
const isElsewhere = (one: Row, other: Row): boolean =>
  one.stored?.history?.versions.name !== other.stored?.history?.versions.name;

/** Data versions of a set: after `since`, and up to `until` where that is given. */
export interface ChangeWindow {
  readonly since: bigint;
  readonly until?: bigint | null;
}

/** The condition "changed last within these versions", for sets that track changes. */
export function changedWithin(row: Row, window: ChangeWindow): string {
  const column = row.stored?.versionColumn ?? null;
  if (column === null) {
    throw new GatewayError('NotImplemented', `Changes of ${row.entitySet?.name} are not tracked.`, {
      feature: 'untracked-changes',
      target: '$deltatoken',
    });
  }
  return within(`${row.alias}.${quoteIdentifier(column)}`, window);
}

/** A version, as SQL, within a window. */
export function within(version: string, { since, until = null }: ChangeWindow): string {
  const after = `${version} > ${integerLiteral(since)}`;
  return until === null ? after : `${after} AND ${version} <= ${integerLiteral(until)}`;
}
