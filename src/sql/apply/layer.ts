import type { RangeVariable } from '../../plan/model/read-plan.ts';
import { fromWhere } from '../expression/collection.ts';
import { quoteIdentifier } from '../identifier.ts';
import { limitOffset, orderBy, type SortKey } from '../read/order.ts';
import { type Row, rowId, type Scope } from '../scope.ts';

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
  /** Entities beside the row: joined to it, or what it was grouped by. */
  readonly companions: ReadonlyMap<RangeVariable, Companion>;
  /** Names of columns of the row that number what was joined to it and is no entity. */
  readonly numbers: readonly string[];
  /** Inside of a `groupby`: every transformation works on each group apart. null: on all rows. */
  readonly partition: Partition | null;
}

export interface Partition {
  /** The columns of the row that tell the groups apart, by name. */
  readonly names: readonly string[];
  /** A select of these columns, as `k<n>`, that has every group: one that lost its rows is aggregated all the same. */
  readonly universe: string;
}

/** `PARTITION BY ...` of the groups, with a blank behind; empty outside of a `groupby`. */
export function partitionBy({ partition, row }: Layer): string {
  const columns = (partition?.names ?? []).map((name) => row.columns.get(name) ?? 'NULL');
  return columns.length === 0 ? '' : `PARTITION BY ${columns.join(', ')} `;
}

export interface Companion {
  readonly row: Row;
  /** The column of the layer's subselect that has its row id; null where there is no subselect. */
  readonly column: string | null;
}

/** The rows of a set, before any transformation. */
export function firstLayer(scope: Scope, row: Row, variable: RangeVariable | undefined): Layer {
  return { scope, row, variable, order: [], duplicates: false, companions: new Map(), numbers: [], partition: null };
}

/** What tells rows apart besides their own id: the entities beside them, then the numbers of joined rows. */
export function companionKeys({ companions, numbers, row }: Layer): SortKey[] {
  const ids = [...companions.values()].map((companion) => rowId(companion.row));
  const counted = numbers.flatMap((name) => row.columns.get(name) ?? []);
  return [...ids, ...counted].map((sql): SortKey => ({ sql, type: 'Edm.Int64', direction: 'asc', nullable: true }));
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
  const ids = new Map([...layer.companions].map(([variable, companion]) => [variable, put(rowId(companion.row))]));
  const sorted = cut.order ?? [];
  const tail = `${sorted.length === 0 ? '' : ` ${orderBy(sorted)}`}${limitOffset(cut.limit ?? null, cut.offset ?? null)}`;
  const made = layerOver(layer, `SELECT ${columns.join(', ')} ${fromWhere(scope)}${tail}`);
  const outer = (name: string): string => `${made.row.alias}.${quoteIdentifier(name)}`;
  for (const [name, column] of kept) {
    made.row.columns.set(name, outer(column));
  }
  const { duplicates, numbers, partition } = layer;
  const ordered = order.map((key) => ({ ...key, sql: outer(key.sql) }));
  return { ...accompanied(made, ids), order: ordered, duplicates, numbers, partition };
}

/** Finds the entities again whose row ids are columns of the layer's subselect. */
export function accompanied(layer: Layer, columns: ReadonlyMap<RangeVariable, string>): Layer {
  const companions = new Map<RangeVariable, Companion>();
  for (const [variable, column] of columns) {
    const row = layer.scope.joinById(variable.set, `${layer.row.alias}.${quoteIdentifier(column)}`);
    layer.scope.bind(variable, row);
    companions.set(variable, { row, column });
  }
  return { ...layer, companions };
}

/** A layer over a subselect with the same kind of rows as `layer`. */
export function layerOver({ scope, row, variable }: Layer, select: string): Layer {
  const next = scope.beside();
  const made = next.derived(select, { entitySet: row.entitySet, stored: row.stored });
  next.bind(variable, made);
  return firstLayer(next, made, variable);
}

/** A layer over a subselect whose rows have only the columns named: names by SQL column. */
export function aggregatedLayer({ scope }: Layer, select: string, names: ReadonlyMap<string, string>): Layer {
  const next = scope.beside();
  const row = next.derived(select, { entitySet: null, stored: null });
  for (const [column, name] of names) {
    row.columns.set(name, `${row.alias}.${quoteIdentifier(column)}`);
  }
  return firstLayer(next, row, undefined);
}
