import type { RangeVariable } from '../plan/read-plan.ts';
import { fromWhere } from './collection.ts';
import { quoteIdentifier } from './identifier.ts';
import { orderBy, type SortKey } from './order.ts';
import { type Row, Scope } from './scope.ts';
import { limitOffset } from './selection.ts';

/**
 * The rows between two transformations of `$apply`: a FROM clause still open for conditions, its row, and the order
 * that an `orderby` transformation gave. `duplicates`: two rows may be equal in every column.
 */
export interface Layer {
  readonly scope: Scope;
  readonly row: Row;
  readonly variable: RangeVariable | undefined;
  readonly order: readonly SortKey[];
  readonly duplicates: boolean;
}

export interface Cut {
  readonly order?: readonly SortKey[];
  readonly limit?: number | null;
  readonly offset?: number | null;
  /** Further columns, SQL by name; they become columns of the new layer's row under that name. */
  readonly extra?: ReadonlyMap<string, string>;
}

/** Closes a layer into a subselect: what follows works on its result. The order given by `orderby` goes on. */
export function wrapped(layer: Layer, cut: Cut = {}): Layer {
  const { scope, row } = layer;
  const columns = row.stored === null ? [] : [`${row.alias}.*`];
  const put = (sql: string): string => {
    // No property is called so: `alias.*` may stand beside it, also from an earlier layer.
    const name = scope.aliases.next('$');
    columns.push(`${sql} AS ${quoteIdentifier(name)}`);
    return name;
  };
  const kept = [...row.columns, ...(cut.extra ?? [])].map(([name, sql]) => [name, put(sql)] as const);
  const order = layer.order.map((key) => ({ ...key, sql: put(key.sql) }));
  const sorted = cut.order ?? [];
  const tail = `${sorted.length === 0 ? '' : ` ${orderBy(sorted)}`}${limitOffset(cut.limit ?? null, cut.offset ?? null)}`;
  const made = layerOver(layer, `SELECT ${columns.join(', ')} ${fromWhere(scope)}${tail}`);
  const outer = (name: string): string => `${made.row.alias}.${quoteIdentifier(name)}`;
  for (const [name, column] of kept) made.row.columns.set(name, outer(column));
  return { ...made, order: order.map((key) => ({ ...key, sql: outer(key.sql) })), duplicates: layer.duplicates };
}

/** A layer over a subselect with the same kind of rows as `layer`. */
export function layerOver({ scope, row, variable }: Layer, select: string): Layer {
  const next = new Scope(scope.catalogue, scope.parent, scope.aliases);
  const made = next.derived(select, { entitySet: row.entitySet, stored: row.stored });
  next.bind(variable, made);
  return { scope: next, row: made, variable, order: [], duplicates: false };
}

/** A layer over a subselect whose rows have only the columns named: names by SQL column. */
export function aggregatedLayer({ scope }: Layer, select: string, names: ReadonlyMap<string, string>): Layer {
  const next = new Scope(scope.catalogue, scope.parent, scope.aliases);
  const row = next.derived(select, { entitySet: null, stored: null });
  for (const [column, name] of names) row.columns.set(name, `${row.alias}.${quoteIdentifier(column)}`);
  return { scope: next, row, variable: undefined, order: [], duplicates: false };
}
