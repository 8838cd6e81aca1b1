import type { Catalogue, DimensionSource } from '../../catalogue/catalogue.ts';
import { namedOnce } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { trueStamp } from '../ledger/confirmations.ts';
import { togetherCondition } from '../stored/bound-columns.ts';
import { columnList } from '../stored/column-lists.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import { affectedTable } from './affected-keys.ts';
import { derivedColumns, sourceProperty } from './derived-columns.ts';
import type { DerivedDimension } from './derived-sets.ts';
import { visibleRows } from './visible-rows.ts';

/** Which rows of its sources a derived set is made of, and what is known of them. */
export interface Deriving {
  /** All of them, and not those of the affected keys alone. */
  readonly whole: boolean;
  /** Sets of whose rows something is noted beside them (see ledger/confirmations.ts). */
  readonly noted: ReadonlySet<string>;
  /** A worker of Citus makes them, which has no statistics of the affected keys: a plan that looks up rows one by one would be a bad guess. */
  readonly isDistributed: boolean;
}

/** The SELECT of a dimension's rows, for the affected keys or all. */
export function dimensionQuery(
  catalogue: Catalogue,
  dimension: DerivedDimension,
  { whole, noted, isDistributed }: Deriving,
): string {
  const { table, derivation } = dimension;
  const named = namedOnce({ isDistributed }, affectedTable(dimension));
  const statements = derivation.from.map((source) => {
    const from = storedTable(catalogue, source.set);
    const theirs = keyColumns(dimension, source, from);
    const affected = table.key.map((name, index) => `a.${quoteIdentifier(name)} = ${theirs[index]}`).join(' AND ');
    const restriction = whole
      ? `WHERE ${theirs.map((column) => `${column} IS NOT NULL`).join(' AND ')}`
      : `JOIN ${named.table} a ON ${affected} WHERE true`;
    const asked = {
      source,
      from,
      once: !saysMore(dimension, source),
      grouped: !isDistributed,
      noted: noted.has(source.set),
    };
    return statementQuery(dimension, asked, restriction);
  });
  return `${whole ? '' : named.first}${greatestOf(dimension, statements)}`;
}

/** A time for each of some things. */
export interface Since {
  /** A table with the columns of their key and `_since`, as it stands in SQL. */
  readonly table: string;
  /** The least of the times, as SQL: an index of times helps to find all rows that are newer. */
  readonly least: string;
  readonly isDistributed: boolean;
}

/**
 * The SELECT of what statements say that are as new as the time of their thing or newer: key and columns as `dimensionQuery`, then for
 * each column (`_has_0`, ...) whether one of them says it; then it is what all statements say, since older ones are smaller. Things without any are left out.
 */
export function recentQuery(
  catalogue: Catalogue,
  dimension: DerivedDimension,
  { table, least, isDistributed }: Since,
): string {
  const named = namedOnce({ isDistributed }, table);
  const statements = dimension.derivation.from
    .filter((source) => saysMore(dimension, source))
    .map((source) => {
      const from = storedTable(catalogue, source.set);
      const asked = { source, from, once: false, grouped: !isDistributed, noted: true };
      const newness = newnessOf(dimension, asked);
      const keys = keyColumns(dimension, source, from);
      const same = dimension.table.key.map((name, index) => `a.${quoteIdentifier(name)} = ${keys[index]}`);
      const restriction = `JOIN ${named.table} a ON ${same.join(' AND ')} WHERE ${newness}::timestamptz >= ${least} AND ${newness}::timestamptz >= a._since`;
      return statementQuery(dimension, asked, restriction);
    });
  return `${named.first}${greatestOf(dimension, statements, { flags: true })}`;
}

/** Of each thing, for each column, what the greatest statement says among those that count for it. */
function greatestOf(dimension: DerivedDimension, statements: readonly string[], { flags = false } = {}): string {
  const { key } = dimension.table;
  const rest = derivedColumns(dimension).filter((name) => !key.includes(name));
  const values = rest.map(
    (name, index) =>
      `(array_agg(u.${quoteIdentifier(name)} ORDER BY u._newness DESC NULLS LAST, u._rank, u._order DESC) FILTER (WHERE u._has_${index}))[1] AS ${quoteIdentifier(name)}`,
  );
  const said = flags ? rest.map((_, index) => `bool_or(u._has_${index}) AS _has_${index}`) : [];
  return `SELECT ${[columnList(key, 'u'), ...values, ...said].join(', ')} FROM (${statements.join(' UNION ALL ')}) u GROUP BY ${columnList(key, 'u')}`;
}

/** What rows `t` of one source of a dimension that match `condition` say: as `statementQuery`, rows without a key left out. */
export function statementsWhere(
  dimension: DerivedDimension,
  asked: Pick<Statements, 'source' | 'from' | 'grouped' | 'noted'>,
  condition: string,
): string {
  const present = keyColumns(dimension, asked.source, asked.from).map((column) => `${column} IS NOT NULL`);
  return statementQuery(dimension, { ...asked, once: false }, `WHERE ${[...present, condition].join(' AND ')}`);
}

/** Columns of rows `t` of a source that `statementsWhere` reads. */
export function columnsSaid(
  dimension: DerivedDimension,
  { source, from }: Pick<Statements, 'source' | 'from'>,
): readonly string[] {
  const naming = dimension.table.key.map((name) => columnOf(from, sourceProperty(dimension, source, name)));
  const values = [...source.columns.values()].map((property) => columnOf(from, property));
  const mixed = [naming, ...values.map((name) => [...naming, name])].some(
    (all) => togetherCondition(from, all) !== 'true',
  );
  const { hiddenBy } = from.set;
  return [
    ...[...naming, ...values, ...from.key],
    ...(source.stamp === null ? ['_row', '_stamp'] : [columnOf(from, source.stamp)]),
    ...(hiddenBy === null ? [] : [hiddenBy]),
    ...(mixed ? ['_cells'] : []),
  ];
}

/** The columns of the source's rows `t` that name the thing, in the order of the dimension's key. */
export const keyColumns = (
  dimension: DerivedDimension,
  source: DimensionSource,
  from: StoredTable,
): readonly string[] =>
  dimension.table.key.map((name) => `t.${quoteIdentifier(columnOf(from, sourceProperty(dimension, source, name)))}`);

/** Whether a source says something of a thing besides its name. */
export const saysMore = ({ table }: DerivedDimension, { columns }: DimensionSource): boolean =>
  [...columns.keys()].some((ours) => !table.key.includes(columnOf(table, ours)));

/** What is asked of one source of a dimension. */
interface Statements {
  readonly source: DimensionSource;
  readonly from: StoredTable;
  /** Nothing but names is said: each once. */
  readonly once: boolean;
  /** Rows that say the same and are equally new are one statement: the one of the greatest key, the others decide nothing. */
  readonly grouped: boolean;
  /** Something may be noted beside the rows: how new they are stands in them otherwise. */
  readonly noted: boolean;
}

/**
 * What one source set says of things: their key, then for each other column its value and whether that counts, then how new
 * that is, the source's rank and the row's key. `restriction` is what follows `FROM source t`, with a WHERE in it.
 */
function statementQuery(
  derived: DerivedDimension,
  { source, from, once, grouped, noted }: Statements,
  restriction: string,
): string {
  const rest = derivedColumns(derived).filter((name) => !derived.table.key.includes(name));
  const theirColumn = (name: string): string => columnOf(from, sourceProperty(derived, source, name));
  const naming = derived.table.key.map(theirColumn);
  const theirs = (name: string): string | null => {
    const property = [...source.columns.keys()].find((ours) => columnOf(derived.table, ours) === name);
    return property === undefined
      ? null
      : `t.${quoteIdentifier(columnOf(from, sourceProperty(derived, source, name)))}`;
  };
  const types = new Map([...derived.table.columns.values()].map((column) => [column.name, column.sqlType]));
  const values = rest.flatMap((name, index) => {
    const column = theirs(name);
    // A set that is the dimension's own (follows) may say null; a passing mention that lacks the value says nothing.
    const counts = column === null ? 'false' : source.follows ? 'true' : `${column} IS NOT NULL`;
    const said =
      column === null ? 'false' : `(${counts} AND ${togetherCondition(from, [...naming, theirColumn(name)])})`;
    return [
      `${column ?? `NULL::${types.get(name) ?? 'text'}`} AS ${quoteIdentifier(name)}`,
      `${said} AS _has_${index}`,
    ];
  });
  const newness = newnessOf(derived, { source, from, noted });
  const keys = derived.table.key.map((name) => `${theirs(name) ?? 'NULL'} AS ${quoteIdentifier(name)}`);
  const place = once
    ? `NULL::timestamptz AS _newness, ${source.rank} AS _rank, NULL::text COLLATE "C" AS _order`
    : `${newness}::timestamptz AS _newness, ${source.rank} AS _rank, ${orderOf(derived, source, from)} AS _order`;
  const rows = `SELECT ${once ? 'DISTINCT ' : ''}${[...keys, ...values].join(', ')}, ${place} FROM ${from.name} t ${restriction} AND ${visibleRows(from, 't')} AND ${togetherCondition(from, naming)}`;
  if (once || !grouped) {
    return rows;
  }
  const key = derived.table.key.map(quoteIdentifier);
  const told = rest.map((name, index) => ({ name: quoteIdentifier(name), flag: `_has_${index}` }));
  if (source.stamp === null) {
    const same = [...key, ...told.flatMap(({ name, flag }) => [name, flag]), '_newness', '_rank'].join(', ');
    return `SELECT ${same}, max(_order) AS _order FROM (${rows}) g GROUP BY ${same}`;
  }
  if (derived.derivation.from.filter((one) => one.rank === source.rank).length > 1) {
    return rows;
  }
  // Times of rows differ, and so does what is said of the time itself; among others the order decides only where two are equally new.
  const moving = rest.map((name) => theirs(name) === newness && types.get(name) === 'timestamp with time zone');
  const fixed = told.flatMap(({ name, flag }, index) => (moving[index] ? [flag] : [name, flag]));
  const times = told.flatMap(({ name }, index) => (moving[index] ? [`max(${name}) AS ${name}`] : []));
  const newest = `SELECT ${[...key, ...fixed, ...times, 'max(_newness) AS _newness', '_rank'].join(', ')} FROM (${rows}) r GROUP BY ${[...key, ...fixed, '_rank'].join(', ')}`;
  const alike = ['_newness', ...fixed].map((name) => `r.${name} IS NOT DISTINCT FROM g.${name}`);
  const equal = [...key.map((name) => `r.${name} = g.${name}`), ...alike].join(' AND ');
  const order = `CASE WHEN count(*) OVER (PARTITION BY ${[...key, '_newness'].map((name) => `g.${name}`).join(', ')}) > 1 THEN (SELECT max(r._order) FROM (${rows}) r WHERE ${equal}) END`;
  return `SELECT ${[...key, ...told.flatMap(({ name, flag }) => [name, flag]), '_newness', '_rank'].map((name) => `g.${name}`).join(', ')}, ${order} AS _order FROM (${newest}) g`;
}

/** How new what a row `t` says is. */
function newnessOf(derived: DerivedDimension, { source, from, noted }: Pick<Statements, 'source' | 'from' | 'noted'>) {
  if (source.stamp !== null) {
    return `t.${quoteIdentifier(columnOf(from, source.stamp))}`;
  }
  // Of rows of files it is noted beside them, too; where nothing but names is said it does not matter.
  return saysMore(derived, source) && from.set.derivation === null && noted ? trueStamp(from) : 't._stamp';
}

/**
 * What decides between statements that are equally new: the greater key of their rows. How rows came in, by an earlier or a
 * later load or by replay, does not show in it.
 */
function orderOf(derived: DerivedDimension, source: DimensionSource, from: StoredTable): string {
  const types = new Map([...from.columns.values()].map((column) => [column.name, column.sqlType]));
  const cells = from.key.map((name) => sortedText(`t.${quoteIdentifier(name)}`, types.get(name) ?? 'text'));
  const equals = derived.derivation.from.filter((one) => one.rank === source.rank);
  if (equals.length > 1) {
    cells.push(`'${equals.indexOf(source)}'`);
  }
  const text = cells.length === 1 ? cells.join('') : `concat_ws('/', ${cells.join(', ')})`;
  return `(${text})::text COLLATE "C"`;
}

function sortedText(column: string, sqlType: string): string {
  if (['bigint', 'integer', 'smallint'].includes(sqlType)) {
    return `lpad(${column}::text, 20, '0')`;
  }
  if (sqlType === 'timestamp with time zone') {
    return `extract(epoch FROM ${column})::text`;
  }
  return column;
}
