import type { Catalogue } from '../../catalogue/catalogue.ts';
import { keyProperties } from '../../edm/key-properties.ts';
import { GatewayError } from '../../errors.ts';
import { speaksOfKeyAlone } from '../../plan/logic/key-condition.ts';
import type { CollectionPlan, RemovedPosition } from '../../plan/model/read-plan.ts';
import { isRestricted, type RestrictedSet } from '../../plan/model/restricted-set.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import type { CompileOptions } from '../compile-options.ts';
import type { CompiledQuery } from '../compiled-query.ts';
import { fromWhere } from '../expression/collection.ts';
import { openScope } from '../expression/open-scope.ts';
import { truth } from '../expression/predicate.ts';
import { searchCondition } from '../expression/search.ts';
import { historyTables, quoteIdentifier } from '../identifier.ts';
import { escapeText, integerLiteral } from '../literal.ts';
import { rowId, storedSet } from '../scope.ts';
import { sqlType } from '../sql-type.ts';
import { compileCollection } from './compile-read.ts';
import { addComputed } from './computed-columns.ts';
import { limitOffset } from './order.ts';
import { controlColumns } from './selection.ts';
import { type ChangeWindow, changedWithin, within } from './source.ts';

/** What happened since a data version (Protocol 11.3): both queries belong into one snapshot. */
export interface CompiledChanges {
  /** Rows added or changed that are in the collection now, page by page like any collection. */
  readonly changed: CompiledQuery;
  /** The rows that left, see `compileRemoved`; to be written after the last page of `changed`. */
  readonly removed: CompiledQuery;
}

/**
 * Changes since `plan.since`, with one page of each kind. Throws GatewayError NotImplemented for a set whose changes are
 * not tracked, and for anything but a whole set.
 */
export function compileChanges(
  plan: CollectionPlan,
  catalogue: Catalogue,
  options: CompileOptions = {},
): CompiledChanges {
  return {
    removed: compileRemoved(plan, catalogue, plan.pageSize),
    changed: compileCollection(plan, catalogue, options),
  };
}

/** Where each row that left stands: its part (0 gone, 1 left), then version and number within it. */
const positionColumns = 3;

/**
 * Keys of the rows that left after `plan.removedAfter`: the key properties, then `reason`: `deleted`, or `changed` for a
 * row that exists and no longer fulfils the filter. Behind them stands the position. `room`: rows that may be written;
 * null: all. Throws as `compileChanges` does.
 */
export function compileRemoved(plan: CollectionPlan, catalogue: Catalogue, room: number | null): CompiledQuery {
  const { since } = plan;
  if (since === null || plan.source.kind !== 'Set' || plan.apply !== null) {
    throw untracked('Changes are tracked for whole entity sets.');
  }
  const key = keyProperties(sourceSet(plan.source).entityType);
  const order = ['part', 'version', 'row'].map((_, index) => key.length + 2 + index).join(', ');
  const paging = ` ORDER BY ${order}${limitOffset(room === null ? null : room + 1, null)}`;
  const window = { since, until: plan.until ?? null };
  const after = plan.removedAfter ?? null;
  const parts = [
    after?.part === 'left' ? null : goneRows({ plan, window, after }, catalogue),
    leftRows({ plan, window, after: after?.part === 'left' ? after : null }, catalogue),
  ];
  // Each part is cut off by itself, so that an index gives its first rows.
  const selects = parts.filter((part) => part !== null).map((part) => `${part}${paging}`);
  return {
    text: selects.length < 2 ? (selects[0] ?? nothing) : `(${selects.join(') UNION ALL (')})${paging}`,
    shape: {
      fields: [
        ...key.map(({ name, type }) => ({ kind: 'value', name, type, collection: false }) as const),
        { kind: 'value', name: 'reason', type: 'Edm.String', collection: false },
      ],
    },
    limit: room,
    remaining: null,
    positionColumns,
  };
}

/** The second part of a collection that has none: whoever asks was given a token that no page of it has. */
const nothing = 'SELECT WHERE FALSE';

interface Part {
  readonly plan: CollectionPlan;
  readonly window: ChangeWindow;
  readonly after: RemovedPosition | null;
}

/** Tombstones whose key has no served row again. */
function goneRows({ plan, window, after }: Part, catalogue: Catalogue): string {
  const set = sourceSet(plan.source);
  const stored = storedSet(catalogue, set);
  const typed = keyProperties(set.entityType).map(({ name, type }) => {
    return { column: stored.columns.get(name)?.name ?? name, sql: `(s.key ->> ${escapeText(name)})::${sqlType(type)}` };
  });
  const scope = openScope(catalogue);
  const { alias } = scope.table(set);
  const same = typed.map(({ column, sql }) => `${alias}.${quoteIdentifier(column)} = ${sql}`);
  const again = `SELECT 1 ${fromWhere(scope, same)}`;
  const { tombstones } = historyTables(stored);
  const conditions = [
    `s.entity_set = ${escapeText(stored.name)}`,
    within('s.version', window),
    ...beyond(after, 's.version, s.number'),
    ...(isRestricted(set) ? [wasThere(set, typed, catalogue)] : []),
    `NOT EXISTS (${again})`,
  ];
  return `SELECT ${typed.map(({ sql }) => sql).join(', ')}, 'deleted', 0, s.version, s.number FROM ${tombstones} AS s WHERE ${conditions.join(' AND ')}`;
}

interface KeyColumn {
  readonly column: string;
  readonly sql: string;
}

/**
 * Whether a row that is gone was there for the reader: of it the key alone is known.
 * Throws GatewayError NotImplemented where the condition on the rows asks for more.
 */
function wasThere({ whole, rows }: RestrictedSet, key: readonly KeyColumn[], catalogue: Catalogue): string {
  if (!speaksOfKeyAlone(rows)) {
    throw untracked('Changes are not tracked where rows are chosen by what may change.');
  }
  const scope = openScope(catalogue);
  const columns = key.map(({ column, sql }) => `${sql} AS ${quoteIdentifier(column)}`).join(', ');
  const row = scope.derived(`SELECT ${columns}`, { entitySet: whole, stored: storedSet(catalogue, whole) }, 'k');
  scope.bind(rows.variable, row);
  return `EXISTS (SELECT 1 ${fromWhere(scope, [truth(rows.condition, scope)])})`;
}

/** Changed rows that the filter or search now leaves out; null where there is neither. */
function leftRows({ plan, window, after }: Part, catalogue: Catalogue): string | null {
  const { filter, search, variable } = plan.restriction;
  if (filter === null && search === null) {
    return null;
  }
  const scope = openScope(catalogue);
  const row = scope.table(sourceSet(plan.source), variable);
  addComputed(plan.selection.computed, scope, row);
  const inside: string[] = [];
  if (filter !== null) {
    inside.push(truth(filter, scope));
  }
  if (search !== null) {
    inside.push(searchCondition(search, row));
  }
  const changed = changedWithin(row, window);
  const place = `${row.alias}.${quoteIdentifier(row.stored?.versionColumn ?? '')}, ${rowId(row)}`;
  const conditions = [...scope.where, changed, ...beyond(after, place), `(${inside.join(' AND ')}) IS NOT TRUE`];
  const keys = controlColumns(row, null).columns.map(({ sql }) => sql);
  return `SELECT ${keys.join(', ')}, 'changed', 1, ${place} FROM ${scope.from.join(' ')} WHERE ${conditions.join(' AND ')}`;
}

const untracked = (message: string): GatewayError =>
  new GatewayError('NotImplemented', message, { feature: 'untracked-changes', target: '$deltatoken' });

function beyond(after: RemovedPosition | null, place: string): string[] {
  return after === null ? [] : [`(${place}) > (${integerLiteral(after.version)}, ${integerLiteral(after.row)})`];
}
