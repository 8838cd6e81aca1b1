import type { Catalogue, DimensionSource, Encoding } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { togetherCondition } from '../stored/bound-columns.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { indexedBytes } from '../stored/indexed-bytes.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import type { DerivedDimension, DerivedTable } from './derived-sets.ts';

/** Table of the derived set's keys whose rows must be made again. For a bridge: its parents' keys. */
export function affectedTable(derived: DerivedTable): string {
  return quoteIdentifier(`affected_${derived.table.set.name}`.slice(0, 60));
}

/** Columns of the derived set that `affectedTable` holds. */
export function affectedColumns({ table, derivation }: DerivedTable): readonly string[] {
  return derivation.kind === 'bridge'
    ? [...derivation.parent.values()].map((property) => columnOf(table, property))
    : table.key;
}

/** A SELECT of the affected keys that rows `t` of the source set matching `condition` name. */
export function affectedBy(derived: DerivedTable, source: StoredTable, condition: string): string {
  const selects =
    derived.derivation.kind === 'bridge'
      ? [[...derived.derivation.parent.keys()].map((property) => columnOf(source, property))]
      : derived.derivation.from
          .filter((one) => one.set === source.set.name)
          .map((one) => derived.table.key.map((name) => columnOf(source, sourceProperty(derived, one, name))));
  return selects
    .map((columns) => `SELECT DISTINCT ${columnList(columns, 't')} FROM ${source.name} t WHERE ${condition}`)
    .join(' UNION ');
}

/**
 * A SELECT of the keys of a dimension that rows `t` matching `condition` describe otherwise than it does now, where the
 * newest file counts; null: what the derived set says does not depend on how new a row's file is.
 */
export function disputedBy(derived: DerivedTable, source: StoredTable, condition: string): string | null {
  const { table, derivation } = derived;
  if (derivation.kind !== 'dimension') {
    return null;
  }
  const rest = derivedColumns(derived).filter((name) => !table.key.includes(name));
  const selects = derivation.from.flatMap((one) => {
    if (one.set !== source.set.name || one.stamp !== null) {
      return [];
    }
    const given = new Set([...one.columns.keys()].map((property) => columnOf(table, property)));
    const theirs = (name: string): string =>
      `t.${quoteIdentifier(columnOf(source, sourceProperty(derived, one, name)))}`;
    const other = rest
      .filter((name) => given.has(name))
      .map((name) => {
        const differs = `d.${quoteIdentifier(name)} IS DISTINCT FROM ${theirs(name)}`;
        return one.follows ? differs : `(${theirs(name)} IS NOT NULL AND ${differs})`;
      });
    if (other.length === 0) {
      return [];
    }
    const same = table.key.map((name) => `d.${quoteIdentifier(name)} = ${theirs(name)}`).join(' AND ');
    return [
      `SELECT DISTINCT ${table.key.map(theirs).join(', ')} FROM ${source.name} t JOIN ${table.name} d ON ${same} WHERE ${condition} AND (${other.join(' OR ')})`,
    ];
  });
  return selects.length === 0 ? null : selects.join(' UNION ');
}

/** The SELECT of the derived set's rows for the affected keys, columns in the order of `derivedColumns`. */
export function derivationQuery(catalogue: Catalogue, derived: DerivedTable): string {
  return derived.derivation.kind === 'bridge' ? bridgeQuery(catalogue, derived) : dimensionQuery(catalogue, derived);
}

/** Columns a derivation gives values to, key first. */
export function derivedColumns({ table, derivation }: DerivedTable): readonly string[] {
  if (derivation.kind === 'bridge') {
    const { parent, list: members, paired, position } = derivation;
    const properties = [
      ...parent.values(),
      members.as,
      ...(paired === null ? [] : [paired.as]),
      ...(position === null ? [] : [position]),
    ];
    return properties.map((property) => columnOf(table, property));
  }
  const given = new Set(
    derivation.from.flatMap((one) => [...one.columns.keys()].map((property) => columnOf(table, property))),
  );
  return [...table.key, ...[...given].filter((name) => !table.key.includes(name))];
}

function visible(source: StoredTable, alias: string): string {
  return source.set.hiddenBy === null ? 'true' : `${alias}.${quoteIdentifier(source.set.hiddenBy)} IS NULL`;
}

/** Longer ones are no member of a list, and could not stand in the key. */
const memberBytes = indexedBytes / 2;

function bridgeQuery(catalogue: Catalogue, derived: DerivedTable): string {
  const { table, derivation } = derived;
  if (derivation.kind !== 'bridge') {
    return '';
  }
  const source = storedTable(catalogue, derivation.from);
  const encoding = encodingOf(catalogue, derivation.from, derivation.list.property);
  const parent = [...derivation.parent].map(([theirs, ours]) => ({
    theirs: columnOf(source, theirs),
    ours: columnOf(table, ours),
  }));
  const member = columnTypeOf(table, derivation.list.as);
  const cast = castMember('m.member', member);
  const members = splitList(`t.${quoteIdentifier(columnOf(source, derivation.list.property))}`, encoding);
  const { paired } = derivation;
  const names = paired === null ? null : `t.${quoteIdentifier(columnOf(source, paired.property))}`;
  const nameList =
    names === null || paired === null
      ? null
      : splitList(names, encodingOf(catalogue, derivation.from, paired.property));
  const together = togetherCondition(
    source,
    [derivation.list, ...(paired === null ? [] : [paired])].map(({ property }) => columnOf(source, property)),
  );
  const columns = [
    ...parent.map(({ theirs }) => `t.${quoteIdentifier(theirs)}`),
    cast,
    // Names are paired by place, and only where there is one for each member: a name may hold the separator.
    ...(nameList === null
      ? []
      : [
          `CASE WHEN ${together} AND cardinality(${nameList}) = cardinality(${members}) THEN nullif((${nameList})[m.place], '') END`,
        ]),
    ...(derivation.position === null ? [] : ['m.place::integer']),
  ];
  const affected = parent
    .map(({ theirs, ours }) => `a.${quoteIdentifier(ours)} = t.${quoteIdentifier(theirs)}`)
    .join(' AND ');
  const key = columnList([...parent.map(({ ours }) => ours), columnOf(table, derivation.list.as)]);
  const named = derivedColumns(derived);
  return `SELECT DISTINCT ON (${key}) ${columnList(named)} FROM (SELECT ${columns
    .map((text, index) => `${text} AS ${quoteIdentifier(named[index] ?? '')}`)
    .join(
      ', ',
    )}, m.place AS _place FROM ${source.name} t JOIN ${affectedTable(derived)} a ON ${affected} CROSS JOIN LATERAL unnest(${members}) WITH ORDINALITY AS m(member, place) WHERE ${visible(source, 't')} AND m.member <> '' AND octet_length(m.member) <= ${memberBytes}) b WHERE ${quoteIdentifier(columnOf(table, derivation.list.as))} IS NOT NULL ORDER BY ${key}, _place`;
}

/** `[123][234]`, or members between commas, semicolons or bars; as an array of trimmed texts. */
function splitList(text: string, encoding: Encoding): string {
  return encoding === 'label-list'
    ? `(SELECT coalesce(array_agg(btrim(x.found[1]) ORDER BY x.place), '{}') FROM regexp_matches(${text}, '\\[([^\\[\\]]*)\\]', 'g') WITH ORDINALITY AS x(found, place))`
    : `regexp_split_to_array(btrim(${text}), '\\s*[,;|]\\s*')`;
}

/** Members that are no number are no member of a list of numbers. */
function castMember(member: string, sqlType: string): string {
  if (sqlType === 'text') {
    return member;
  }
  return `CASE WHEN ${member} ~ '^-?[0-9]{1,18}$' THEN ${member}::${sqlType} END`;
}

function dimensionQuery(catalogue: Catalogue, derived: DerivedTable): string {
  const { table, derivation } = derived;
  if (derivation.kind !== 'dimension') {
    return '';
  }
  const columns = derivedColumns(derived);
  const rest = columns.filter((name) => !table.key.includes(name));
  const dimension = { table, derivation };
  const statements = derivation.from.map((source) => {
    const from = storedTable(catalogue, source.set);
    const theirs = keyColumns(dimension, source, from);
    const affected = table.key.map((name, index) => `a.${quoteIdentifier(name)} = ${theirs[index]}`).join(' AND ');
    return statementQuery(dimension, { source, from }, `JOIN ${affectedTable(derived)} a ON ${affected} WHERE true`);
  });
  const newest = (name: string): string =>
    `(array_agg(u.${quoteIdentifier(name)} ORDER BY u._newness DESC NULLS LAST, u._rank, u._order DESC) FILTER (WHERE u.${quoteIdentifier(`_has_${name}`)}))[1]`;
  return `SELECT ${[...table.key.map((name) => `u.${quoteIdentifier(name)}`), ...rest.map((name) => `${newest(name)} AS ${quoteIdentifier(name)}`)].join(', ')} FROM (${statements.join(' UNION ALL ')}) u GROUP BY ${columnList(table.key, 'u')}`;
}

/** What rows `t` of one source of a dimension that match `condition` say: as `statementQuery`, rows without a key left out. */
export function statementsWhere(
  dimension: DerivedDimension,
  { source, from }: { readonly source: DimensionSource; readonly from: StoredTable },
  condition: string,
): string {
  const present = keyColumns(dimension, source, from).map((column) => `${column} IS NOT NULL`);
  return statementQuery(dimension, { source, from }, `WHERE ${[...present, condition].join(' AND ')}`);
}

/** The columns of the source's rows `t` that name the thing, in the order of the dimension's key. */
export const keyColumns = (
  dimension: DerivedDimension,
  source: DimensionSource,
  from: StoredTable,
): readonly string[] =>
  dimension.table.key.map((name) => `t.${quoteIdentifier(columnOf(from, sourceProperty(dimension, source, name)))}`);

/**
 * What one source set says of things: their key, then for each other column its value and whether that counts, then how new
 * that is, the source's rank and the row's key. `restriction` is what follows `FROM source t`, with a WHERE in it.
 */
function statementQuery(
  derived: DerivedDimension,
  { source, from }: { readonly source: DimensionSource; readonly from: StoredTable },
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
  const values = rest.flatMap((name) => {
    const column = theirs(name);
    // A set that is the dimension's own (follows) may say null; a passing mention that lacks the value says nothing.
    const counts = column === null ? 'false' : source.follows ? 'true' : `${column} IS NOT NULL`;
    const said =
      column === null ? 'false' : `(${counts} AND ${togetherCondition(from, [...naming, theirColumn(name)])})`;
    return [
      `${column ?? `NULL::${types.get(name) ?? 'text'}`} AS ${quoteIdentifier(name)}`,
      `${said} AS ${quoteIdentifier(`_has_${name}`)}`,
    ];
  });
  const newness = source.stamp === null ? 't._stamp' : `t.${quoteIdentifier(columnOf(from, source.stamp))}`;
  const keys = derived.table.key.map((name) => `${theirs(name) ?? 'NULL'} AS ${quoteIdentifier(name)}`);
  return `SELECT ${[...keys, ...values].join(', ')}, ${newness}::timestamptz AS _newness, ${source.rank} AS _rank, ${orderOf(derived, source, from)} AS _order FROM ${from.name} t ${restriction} AND ${visible(from, 't')} AND ${togetherCondition(from, naming)}`;
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

function sourceProperty(derived: DerivedTable, source: DimensionSource, column: string): string {
  for (const [ours, theirs] of source.columns) {
    if (columnOf(derived.table, ours) === column) {
      return theirs;
    }
  }
  return column;
}

/** How a list is written: in the export of its set, or in the one its dimension takes it from. */
export function encodingOf(catalogue: Catalogue, setName: string, property: string): Encoding {
  const set = catalogue.sets.get(setName);
  if (set?.kind === 'stored' && set.derivation?.kind === 'dimension') {
    for (const source of set.derivation.from) {
      const theirs = source.columns.get(property);
      if (theirs !== undefined) {
        return encodingOf(catalogue, source.set, theirs);
      }
    }
  }
  const target = catalogue.exports.find((one) => one.set === setName);
  return target?.columns.find((column) => column.property === property)?.encoding ?? 'list';
}

function columnTypeOf(table: StoredTable, property: string): string {
  return table.columns.get(property)?.sqlType ?? 'text';
}

/** For tests and messages: the join of a derived row with its affected key. */
export const affectedJoin = (derived: DerivedTable, alias: string): string =>
  sameKey('a', alias, affectedColumns(derived));
