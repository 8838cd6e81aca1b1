import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import type { CollectionPlan } from '../plan/read-plan.ts';
import type { CompileOptions } from './compile-options.ts';
import { compileCollection } from './compile-read.ts';
import type { CompiledQuery } from './compiled-query.ts';
import { quoteIdentifier, quoteRelation } from './identifier.ts';
import { escapeText, integerLiteral } from './literal.ts';
import { truth } from './predicate.ts';
import { Scope, storedSet } from './scope.ts';
import { searchCondition } from './search.ts';
import { addComputed, controlColumns, keyProperties } from './selection.ts';
import { changedSince, sourceSet } from './source.ts';
import { sqlType } from './sql-type.ts';

/** What happened since a data version (Protocol 11.3): both queries belong into one snapshot. */
export interface CompiledChanges {
  /** Rows added or changed that are in the collection now, page by page like any collection. */
  readonly changed: CompiledQuery;
  /**
   * Keys of the rows that left: the key properties, then `reason`: `deleted`, or `changed` for a row that exists and no
   * longer fulfils the filter. To be written after the last page of `changed`.
   */
  readonly removed: CompiledQuery;
}

/**
 * Changes since `plan.since`. Throws GatewayError NotImplemented for a set whose changes are not tracked, and for
 * anything but a whole set.
 */
export function compileChanges(
  plan: CollectionPlan,
  catalogue: Catalogue,
  options: CompileOptions = {},
): CompiledChanges {
  return { removed: compileRemoved(plan, catalogue), changed: compileCollection(plan, catalogue, options) };
}

/** `removed` of `compileChanges` alone. Throws as it does. */
export function compileRemoved(plan: CollectionPlan, catalogue: Catalogue): CompiledQuery {
  const since = plan.since;
  if (since === null || plan.source.kind !== 'Set' || plan.apply !== null) {
    throw new GatewayError('NotImplemented', 'Changes are tracked for whole entity sets.', { target: '$deltatoken' });
  }
  const set = sourceSet(plan.source);
  const key = keyProperties(set.entityType);
  const gone = `SELECT DISTINCT ${goneColumns(plan, since, catalogue)}`;
  const left = leftBehind(plan, since, catalogue);
  return {
    text: left === null ? gone : `${gone} UNION ALL ${left}`,
    shape: {
      fields: [
        ...key.map(({ name, type }) => ({ kind: 'value', name, type, collection: false }) as const),
        { kind: 'value', name: 'reason', type: 'Edm.String', collection: false },
      ],
    },
    limit: null,
    remaining: null,
    positionColumns: 0,
  };
}

/** Tombstones whose key has no served row again. */
function goneColumns(plan: CollectionPlan, since: bigint, catalogue: Catalogue): string {
  const set = sourceSet(plan.source);
  const stored = storedSet(catalogue, set);
  const typed = keyProperties(set.entityType).map(({ name, type }) => {
    return { column: stored.columns.get(name)?.name ?? name, sql: `(s.key ->> ${escapeText(name)})::${sqlType(type)}` };
  });
  const same = typed.map(({ column, sql }) => `t.${quoteIdentifier(column)} = ${sql}`);
  if (stored.hiddenBy !== null) same.push(`t.${quoteIdentifier(stored.hiddenBy)} IS NULL`);
  const again = `SELECT FROM ${quoteRelation(stored.relation)} AS t WHERE ${same.join(' AND ')}`;
  const where = `s.entity_set = ${escapeText(stored.name)} AND s.version > ${integerLiteral(since)} AND NOT EXISTS (${again})`;
  return `${typed.map(({ sql }) => sql).join(', ')}, 'deleted' FROM "gateway"."tombstones" AS s WHERE ${where}`;
}

/** Changed rows that the filter or search now leaves out; null where there is neither. */
function leftBehind(plan: CollectionPlan, since: bigint, catalogue: Catalogue): string | null {
  const { filter, search, variable } = plan.restriction;
  if (filter === null && search === null) return null;
  const scope = new Scope(catalogue, null);
  const row = scope.table(sourceSet(plan.source), variable);
  addComputed(plan.selection.computed, scope, row);
  const inside: string[] = [];
  if (filter !== null) inside.push(truth(filter, scope));
  if (search !== null) inside.push(searchCondition(search, row));
  const conditions = [...scope.where, changedSince(row, since), `(${inside.join(' AND ')}) IS NOT TRUE`];
  const keys = controlColumns(row, null).columns.map(({ sql }) => sql);
  return `SELECT ${keys.join(', ')}, 'changed' FROM ${scope.from.join(' ')} WHERE ${conditions.join(' AND ')}`;
}
