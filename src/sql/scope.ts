import type { Catalogue, StoredSet } from '../catalogue/catalogue.ts';
import type { EntitySet, NavigationProperty, Property } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import { unjoined } from '../plan/federate/join-key.ts';
import { isAlways } from '../plan/logic/condition.ts';
import type { BoundExpression, KeyValue, NavigationStep, RangeVariable, RowPath } from '../plan/model/read-plan.ts';
import { isRestricted, type RestrictedSet } from '../plan/model/restricted-set.ts';
import { quoteIdentifier, quoteRelation } from './identifier.ts';
import { literal } from './literal.ts';
import { firstOf, maskedColumn } from './masked-column.ts';

/**
 * One row that expressions can speak of: an alias in some FROM clause. `stored` rows have the columns of a set and can
 * be navigated; the rows of an aggregation have only the columns named in `columns` (key: names joined with `/`).
 */
export interface Row {
  readonly scope: Scope;
  readonly alias: string;
  readonly entitySet: EntitySet | null;
  readonly stored: StoredSet | null;
  /** Computed and aggregated columns: SQL by name. */
  readonly columns: Map<string, string>;
}

/** Rows of a set on their way into a FROM clause. */
interface EnteringRows {
  readonly row: Row;
  /** Names the row's alias. */
  readonly table: string;
  /** True of the rows that are served. */
  readonly served: readonly string[];
}

/** Hands out the table aliases of one statement. */
export class Aliases {
  #taken = 0;

  next(prefix: string): string {
    this.#taken += 1;
    return `${prefix}${this.#taken}`;
  }
}

/** What all scopes of one statement have in common. */
export interface Statement {
  readonly catalogue: Catalogue;
  readonly aliases: Aliases;
  /** SQL that is TRUE where a condition holds: rows enter by conditions, and conditions speak of rows. */
  readonly truth: (condition: BoundExpression, scope: Scope) => string;
}

/**
 * One FROM clause while it is written: rows by variable, and the to-one joins that expressions asked for, each made
 * once. A scope inside another one (lambda, nested collection) sees the rows of the outer ones.
 */
export class Scope {
  readonly parent: Scope | null;
  readonly from: string[] = [];
  readonly where: string[] = [];
  readonly #rows = new Map<RangeVariable, Row>();
  readonly #joined = new Map<string, Row>();
  #main: Row | null = null;

  readonly #statement: Statement;

  /** The outermost scope of a statement is made by `openScope`, the others by `inner` and `beside`. */
  constructor(statement: Statement, parent: Scope | null) {
    this.#statement = statement;
    this.parent = parent;
  }

  get catalogue(): Catalogue {
    return this.#statement.catalogue;
  }

  get aliases(): Aliases {
    return this.#statement.aliases;
  }

  /** A FROM clause inside of this one, which sees its rows. */
  inner(): Scope {
    return new Scope(this.#statement, this);
  }

  /** A FROM clause in place of this one. */
  beside(): Scope {
    return new Scope(this.#statement, this.parent);
  }

  /** Starts the FROM clause with a set's table; rows that are not served never leave it. */
  table(set: EntitySet, variable?: RangeVariable): Row {
    const { row, table, served } = this.#rowsOf(set);
    this.from.push(`${this.from.length === 0 ? '' : 'CROSS JOIN '}${table}`);
    this.where.push(...served);
    return this.#adopt(row, variable);
  }

  /** Starts the FROM clause with a subselect. */
  derived(select: string, shape: Pick<Row, 'entitySet' | 'stored'>, alias = this.aliases.next('l')): Row {
    const row: Row = { scope: this, alias, ...shape, columns: new Map() };
    this.from.push(`(${select}) AS ${alias}`);
    return this.#adopt(row);
  }

  /** A scope inside this one whose own row is a row joined here; it has no FROM clause of its own. */
  within(row: Row, variable?: RangeVariable): Scope {
    const view = this.inner();
    view.#adopt(row, variable);
    return view;
  }

  bind(variable: RangeVariable | undefined, row: Row): void {
    if (variable !== undefined) {
      this.#rows.set(variable, row);
    }
  }

  /** The row that a path leads to, joined where it is not joined yet. */
  at(path: RowPath): Row {
    return path.steps.reduce((row, step) => row.scope.join(row, step), this.variable(path.variable));
  }

  /** The row of a variable, here or in an outer scope; a variable that nobody bound stands for the nearest row of its set. */
  variable(variable: RangeVariable): Row {
    if (variable.key !== undefined) {
      throw new GatewayError('Internal', `${variable.name} is no row of this statement.`);
    }
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const row = scope.#rows.get(variable);
      if (row !== undefined) {
        return row;
      }
    }
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      if (scope.#main?.entitySet?.name === variable.set.name) {
        return scope.#main;
      }
    }
    throw new GatewayError('Internal', `The variable ${variable.name} stands for no row.`);
  }

  /** SQL of a computed or aggregated property of the scope's own row. */
  computedColumn(name: string): string | undefined {
    return this.#main?.columns.get(name);
  }

  /** LEFT JOIN of a navigation that leads to one row at most; a hidden row counts as absent. */
  join(row: Row, step: NavigationStep): Row {
    const named = (step.key ?? []).flatMap(({ property, value }) => [property.name, value.value]);
    const key = JSON.stringify([row.alias, step.navigation.name, ...named]);
    const present = this.#joined.get(key);
    if (present !== undefined) {
      return present;
    }
    const { row: made, table, served } = this.#rowsOf(step.set);
    const joined = joinConditions(row, made, step.navigation);
    const conditions = [...joined, ...served, ...keyConditions(made, step.key ?? [])].join(' AND ');
    if (reachesKey(step)) {
      this.from.push(`LEFT JOIN ${table} ON ${conditions}`);
    } else {
      const first = `SELECT * FROM ${table} WHERE ${conditions} ORDER BY ${rowId(made)} LIMIT 1`;
      this.from.push(`LEFT JOIN LATERAL (${first}) AS ${made.alias} ON TRUE`);
    }
    this.#joined.set(key, made);
    return made;
  }

  /** The rows that a row of this or an outer scope leads to, one line for each; `outer`: one too where there is none. */
  joinAll(from: Row, { navigation, set }: NavigationStep, outer = false): Row {
    const { row, table, served } = this.#rowsOf(set);
    const conditions = [...joinConditions(from, row, navigation), ...served].join(' AND ');
    this.from.push(`${outer ? 'LEFT ' : ''}JOIN ${table} ON ${conditions}`);
    return this.#adopt(row);
  }

  /** The row of a set whose row id stands in a column, if that is not null. */
  joinById(set: EntitySet, id: string): Row {
    const { row, table, served } = this.#rowsOf(set);
    this.from.push(`LEFT JOIN ${table} ON ${[`${rowId(row)} = ${id}`, ...served].join(' AND ')}`);
    return row;
  }

  /** The only way in which rows of a set come into a statement: whoever joins them says `served` of them, too. */
  #rowsOf(set: EntitySet): EnteringRows {
    const stored = storedSet(this.catalogue, set);
    const row: Row = { scope: this, alias: this.aliases.next('t'), entitySet: set, stored, columns: new Map() };
    const served = stored.hiddenBy === null ? [] : [`${row.alias}.${quoteIdentifier(stored.hiddenBy)} IS NULL`];
    const table = isRestricted(set) ? `(${this.#rowsOfRestricted(set)})` : quoteRelation(stored.relation);
    return { row, table: `${table} AS ${row.alias}`, served };
  }

  /** A subselect, which PostgreSQL makes a part of what stands around it, save behind OFFSET 0. */
  #rowsOfRestricted({ whole, rows, views, sealed }: RestrictedSet): string {
    const scope = new Scope(this.#statement, null);
    const row = scope.table(whole, rows.variable);
    if (!isAlways(rows.condition)) {
      scope.where.push(this.#statement.truth(rows.condition, scope));
    }
    const shown = views.size === 0 ? `${row.alias}.*` : scope.#shownColumns(row, whole, views);
    const { from, where } = scope;
    const conditions = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
    return `SELECT ${shown} FROM ${from.join(' ')}${conditions}${sealed ? ' OFFSET 0' : ''}`;
  }

  /** All columns of a row under their own names, those of views as they are seen. */
  #shownColumns(row: Row, set: EntitySet, views: RestrictedSet['views']): string {
    const stored = storedSet(this.catalogue, set);
    const seen = new Map(
      [...views].flatMap(([name, { cases }]) => {
        const property = set.entityType.properties.get(name);
        if (property === undefined || !stored.columns.has(name)) {
          return [];
        }
        const column = propertyColumn(row, property);
        const all = cases.map(({ rows, as }) => {
          this.bind(rows?.variable, row);
          return {
            when: rows === null ? null : this.#statement.truth(rows.condition, this),
            sql: as === 'mask' ? maskedColumn(column, property) : column,
          };
        });
        return [[stored.columns.get(name)?.name ?? name, firstOf(column, all)] as const];
      }),
    );
    const { rowId, versionColumn, hiddenBy } = stored;
    const others = [rowId, versionColumn, hiddenBy].flatMap((name) => name ?? []);
    const names = new Set([...[...stored.columns.values()].map(({ name }) => name), ...others]);
    return [...names]
      .map((name) => {
        const quoted = quoteIdentifier(name);
        const sql = seen.get(name);
        return sql === undefined ? `${row.alias}.${quoted}` : `${sql} AS ${quoted}`;
      })
      .join(', ');
  }

  #adopt(row: Row, variable?: RangeVariable): Row {
    this.#main ??= row;
    this.bind(variable, row);
    return row;
  }
}

/** The row has these key values. */
export function keyConditions(row: Row, key: readonly KeyValue[]): string[] {
  return key.map(({ property, value }) => {
    if (value.value === null) {
      throw new GatewayError('EntityNotFound', 'A key value cannot be null.');
    }
    return `${propertyColumn(row, property)} = ${literal(value)}`;
  });
}

/** Equality of the joined properties; that the target is served is said where its rows enter. */
export function joinConditions(from: Row, to: Row, navigation: NavigationProperty): string[] {
  return joinedColumns(from, to, navigation).map(({ ours, theirs }) => `${theirs} = ${ours}`);
}

/** The columns that a navigation joins, of the row that it leads from and of the one that it leads to. */
export function joinedColumns(
  from: Row,
  to: Row,
  navigation: NavigationProperty,
): readonly { readonly ours: string; readonly theirs: string }[] {
  const pairs = navigation.join.map(({ property, referencedProperty }) => ({
    ours: columnNamed(from, property),
    theirs: columnNamed(to, referencedProperty),
  }));
  if (pairs.length === 0) {
    throw unjoined(navigation);
  }
  return pairs;
}

/** A property of a row, as SQL. */
export function propertyColumn(row: Row, property: Property): string {
  return columnNamed(row, property.name);
}

/** The column of a stored row that says when it came; unique and never null. */
export function rowId(row: Row): string {
  if (row.stored === null) {
    throw new GatewayError('Internal', 'Aggregated rows have no row id.');
  }
  return `${row.alias}.${quoteIdentifier(row.stored.rowId)}`;
}

/** The binding of a set whose rows are in PostgreSQL. Throws GatewayError NotImplemented for a proxied one. */
export function storedSet(catalogue: Catalogue, set: EntitySet): StoredSet {
  const binding = catalogue.sets.get(set.name);
  if (binding?.kind !== 'stored') {
    throw new GatewayError('NotImplemented', `${set.name} is a proxied set and cannot take part in this query.`, {
      feature: 'proxied',
    });
  }
  return binding;
}

function columnNamed(row: Row, property: string): string {
  const column = row.stored?.columns.get(property);
  if (column === undefined) {
    throw new GatewayError('Internal', `The property ${property} has no column.`);
  }
  return `${row.alias}.${quoteIdentifier(column.name)}`;
}

function reachesKey({ navigation, set, key = [] }: NavigationStep): boolean {
  const referenced = new Set([
    ...navigation.join.map((pair) => pair.referencedProperty),
    ...key.map(({ property }) => property.name),
  ]);
  return set.entityType.key.every((name) => referenced.has(name));
}
