import type { Catalogue, DimensionSource } from '../../catalogue/catalogue.ts';
import { apart, joinedHere } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { takeNames } from '../../warehouse/left-tables.ts';
import { columnDefinition, columnList, sameKey } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import { affectedTable } from './affected-keys.ts';
import { derivedColumns } from './derived-columns.ts';
import { type DerivedDimension, forgets } from './derived-sets.ts';
import { keyColumns, statementsWhere } from './dimension-rows.ts';
import { settleByRecent, unsureFlag } from './recent-statements.ts';

/** A set whose rows change, seen from a dimension that takes rows from it. */
export interface ChangingSource {
  readonly dimension: DerivedDimension;
  readonly source: StoredTable;
  /** The rows that change and no others, in a table of the session (`bringRows`). Absent or null: they are read where they are stored. */
  readonly brought?: StoredTable | null;
}

// Most dimensions hold few things that many rows name, so making a thing again from all its rows costs more than the whole
// load. What rows said before and what they say now tells for nearly all things that nothing changes, or what they become.

/** What changing rows said before (`_after` false) and say now (true). */
const statementTable = ({ table }: DerivedDimension): string => quoteIdentifier(distinctName('said_', table.set.name));

/** Things whose new row is known without reading their source rows; columns in the order of `derivedColumns`. */
export const settledTable = ({ table }: DerivedDimension): string =>
  quoteIdentifier(distinctName('settled_', table.set.name));

const knownTable = ({ table }: DerivedDimension): string => quoteIdentifier(distinctName('known_', table.set.name));

/** What `settleStatements` leaves in tables of the session. */
export const settlingTables = (transaction: Transaction, dimension: DerivedDimension): readonly string[] => [
  settledTable(dimension),
  ...(transaction.isDistributed ? [knownTable(dimension)] : []),
];

/**
 * Stored things that the statements are about, as a table in SQL. Where they lie on a worker of Citus they are brought once: each of the places that name
 * them would ask for them again.
 */
async function knownThings(transaction: Transaction, dimension: DerivedDimension): Promise<string> {
  const { table } = dimension;
  if (!transaction.isDistributed) {
    return table.name;
  }
  const known = knownTable(dimension);
  await takeNames(transaction, [known]);
  const said = `(SELECT DISTINCT ${columnList(table.key)} FROM ${statementTable(dimension)})`;
  await transaction.query(
    `CREATE TEMP TABLE ${known} ON COMMIT DROP AS SELECT ${columnList(derivedColumns(dimension), 't')} FROM ${table.name} t JOIN ${said} o ON ${sameKey('t', 'o', table.key)}`,
  );
  await transaction.query(`ANALYZE ${known} (${columnList(table.key)})`);
  return known;
}

const flag = (index: number): string => `_has_${index}`;

function columnsOf({ table, derivation }: DerivedDimension): { all: readonly string[]; rest: readonly string[] } {
  const all = derivedColumns({ table, derivation });
  return { all, rest: all.filter((name) => !table.key.includes(name)) };
}

/** Notes what rows `t` of the source that match `condition` say, before it changes. */
export async function noteStatements(
  transaction: Transaction,
  changing: ChangingSource,
  condition: string,
): Promise<void> {
  await createStatements(transaction, changing.dimension);
  await addStatements(transaction, changing, { condition, after: false, onlyNew: false });
}

async function createStatements(transaction: Transaction, dimension: DerivedDimension): Promise<void> {
  const types = new Map([...dimension.table.columns.values()].map((column) => [column.name, column.sqlType]));
  const typed = (name: string): string => columnDefinition(name, types.get(name) ?? 'text');
  const told = columnsOf(dimension).rest.flatMap((name, index) => [typed(name), `${flag(index)} boolean`]);
  const columns = [...dimension.table.key.map(typed), ...told];
  await transaction.query(
    `CREATE TEMP TABLE IF NOT EXISTS ${statementTable(dimension)} (${columns.join(', ')}, _newness timestamptz, _rank integer, _order text COLLATE "C", _entry integer, _after boolean) ON COMMIT DROP`,
  );
}

async function addStatements(
  transaction: Transaction,
  { dimension, source, brought = null }: ChangingSource,
  {
    condition,
    after,
    onlyNew,
  }: {
    readonly condition: string;
    readonly after: boolean;
    /** The rows are new: nothing was said before, and nothing is noted of them. */
    readonly onlyNew: boolean;
  },
): Promise<void> {
  const { table } = dimension;
  const affected = affectedTable(dimension);
  if (brought !== null) {
    // Which of them are about known things is told when these were brought, too.
    for (const [entry, one] of entriesOf(dimension, source)) {
      const asked = { source: one, from: brought, grouped: onlyNew && one.stamp === null, noted: !onlyNew };
      const said = joinedHere(statementsWhere(dimension, asked, 'true'));
      await transaction.query(
        `INSERT INTO ${statementTable(dimension)} SELECT n.*, ${entry}, ${after} FROM (${said}) n`,
      );
    }
    return;
  }
  // Of a set that holds nothing yet, nothing is known.
  const isKnown = !after || onlyNew || (await transaction.query(`SELECT 1 FROM ${table.name} LIMIT 1`)).rowCount > 0;
  for (const [entry, one] of entriesOf(dimension, source)) {
    const said = statementsWhere(
      dimension,
      { source: one, from: source, grouped: onlyNew && one.stamp === null, noted: !onlyNew },
      condition,
    );
    const known = `EXISTS (SELECT 1 FROM ${table.name} d WHERE ${sameKey('d', 'n', table.key)})`;
    const noted = `EXISTS (SELECT 1 FROM ${apart(affected)} a WHERE ${sameKey('a', 'n', table.key)})`;
    // Things that are new are made from all their rows; a first load has no others, so theirs are not noted in vain.
    if (after) {
      await transaction.query(
        `INSERT INTO ${affected} SELECT DISTINCT ${columnList(table.key, 'n')} FROM (${said}) n WHERE NOT ${known} AND NOT ${noted}`,
      );
    }
    if (isKnown) {
      await transaction.query(
        `INSERT INTO ${statementTable(dimension)} SELECT n.*, ${entry}, ${after} FROM (${said}) n${after ? ` WHERE ${known}` : ''}`,
      );
    }
  }
}

/** The ways in which a dimension takes rows from one set, each with its place among all its ways. */
function entriesOf(
  { derivation }: DerivedDimension,
  source: StoredTable,
): readonly (readonly [number, DimensionSource])[] {
  return [...derivation.from.entries()].filter(([, one]) => one.set === source.set.name);
}

/** What became of things that rows of a source name. */
export interface Settled {
  /** Some must be made from all their rows again. */
  readonly again: boolean;
  /** The new row of some is known. */
  readonly known: boolean;
}

/**
 * After the source changed: puts things that must be made from all their rows again into `affectedTable`, and those whose
 * new row is known, which are all stored, into `settledTable`. Rows `t` of it that changed match `changed`.
 */
export async function settleStatements(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    dimension,
    source,
    brought = null,
    changed,
    onlyNew,
  }: ChangingSource & {
    readonly changed: string;
    /** These are new, no other changed or left, and the dimension holds something. */
    readonly onlyNew: boolean;
  },
): Promise<Settled> {
  const { table } = dimension;
  const affected = affectedTable(dimension);
  const settled = settledTable(dimension);
  const entries = entriesOf(dimension, source).map(([entry]) => entry);
  await createStatements(transaction, dimension);
  await addStatements(transaction, { dimension, source, brought }, { condition: changed, after: true, onlyNew });
  // Of the others' values no plan depends.
  await transaction.query(`ANALYZE ${statementTable(dimension)} (${columnList(table.key)}, _entry)`);
  const met = await knownThings(transaction, dimension);
  const known = `EXISTS (SELECT 1 FROM ${met} d WHERE ${sameKey('d', 's', table.key)})`;
  const noted = `EXISTS (SELECT 1 FROM ${apart(affected)} a WHERE ${sameKey('a', 's', table.key)})`;
  await transaction.query(
    `INSERT INTO ${affected} SELECT DISTINCT ${columnList(table.key, 's')} FROM ${statementTable(dimension)} s WHERE NOT ${known} AND NOT ${noted}`,
  );
  await transaction.query(`ANALYZE ${affected}`);
  // Whether a statement still stands is asked of a distributed table thing by thing: making the thing again costs less.
  const stands = transaction.isDistributed ? null : standing(catalogue, { dimension, source, changed });
  const told = toldBy(dimension, source, { stands, known: met });
  await takeNames(transaction, [settled]);
  await transaction.query(`CREATE TEMP TABLE ${settled} ON COMMIT DROP AS ${settlingQuery(told, entries)}`);
  await settleByRecent(transaction, catalogue, { dimension, settled, columns: told.places });
  await transaction.query(
    `WITH again AS (DELETE FROM ${settled} WHERE _again RETURNING ${columnList(table.key)}) INSERT INTO ${affected} SELECT * FROM again`,
  );
  await transaction.query(`DELETE FROM ${statementTable(dimension)} WHERE _entry IN (${entries.join(', ')})`);
  const { rows } = await transaction.query<Settled & Record<string, boolean>>(
    `SELECT EXISTS (SELECT 1 FROM ${affected}) AS again, EXISTS (SELECT 1 FROM ${settled}) AS known`,
  );
  return rows[0] ?? { again: false, known: false };
}

/**
 * What a dimension says is what its greatest statement says: newest first, then by rank, then by the key of its row; for each column among
 * those that count for it. With D the stored value, of a column:
 * - a new statement that is newer than all that were there is the greatest one, and D becomes what it says;
 * - else D stays where all new statements say D too, and, if statements that said D are gone, one of the new ones is no
 *   smaller than these: whichever said D before, none that was smaller can have come up;
 * - a column that holds how new the greatest statement is stays, too, where the new ones are older and that one still stands;
 * - else only rows of the thing can tell (`_again`) what the column is (`_unsure_...`): all of them, or those that are no older than what is
 *   known to be said now of all such columns (`_since`; null where of one nothing is).
 * Statements that did not change are left out first. How new the greatest one was is known only where a column holds it.
 */
function settlingQuery(told: Told, entries: readonly number[]): string {
  const { dimension, places, standing } = told;
  const { table } = dimension;
  const values = columnsOf(dimension).rest.map((name, index) => {
    const stored = `d.${quoteIdentifier(name)}`;
    if (!places.has(name)) {
      return stored;
    }
    return `CASE WHEN take${index} THEN j.v${index} ELSE ${stored} END AS ${quoteIdentifier(name)}`;
  });
  const unsure = [...places].map(([name, index]) => {
    const otherwise = standing?.bound === name ? `(other${index} AND NOT ${standing.exists})` : `other${index}`;
    return `((${otherwise} OR unsaid${index}) AND NOT take${index}) AS ${unsureFlag(index)}, newest${index}`;
  });
  const rest = [...places.values()];
  const taken = rest.map((index) => `take${index}`);
  const weighed = [columnList(table.key, 'j'), ...values, 'j._stays', ...taken, ...unsure].join(', ');
  const flags = rest.map(unsureFlag);
  const again = ['false', ...(forgets(dimension) ? ['NOT _stays'] : []), ...flags].join(' OR ');
  const unknown = ['false', ...rest.map((index) => `(${unsureFlag(index)} AND newest${index} IS NULL)`)].join(' OR ');
  const known = ['NULL', ...rest.map((index) => `CASE WHEN ${unsureFlag(index)} THEN newest${index} END`)].join(', ');
  const settled = [
    columnList([...table.key, ...columnsOf(dimension).rest]),
    `(${again}) AS _again`,
    ...taken,
    ...flags,
  ];
  return [
    `WITH changed AS (${changedQuery(told, entries)})`,
    `, placed AS (${placedQuery(told)})`,
    `, judged AS (${judgedQuery(told)})`,
    `, weighed AS MATERIALIZED (SELECT ${weighed} FROM judged j JOIN ${told.known} d ON ${sameKey('d', 'j', table.key)})`,
    ` SELECT * FROM (SELECT ${settled.join(', ')}, CASE WHEN NOT (${unknown}) THEN least(${known})::timestamptz END AS _since FROM weighed) s WHERE ${['_again', ...taken].join(' OR ')}`,
  ].join('');
}

/** A dimension, and the columns that one of its sources tells, each with its place in the statement table. */
interface Told {
  readonly dimension: DerivedDimension;
  readonly places: ReadonlyMap<string, number>;
  readonly standing: Standing | null;
  /** What stands in SQL for the stored things that are spoken of. */
  readonly known: string;
}

/** The column of `boundOf`, and whether a statement about the thing `j` gives it a value and did not change. */
interface Standing {
  readonly bound: string;
  readonly exists: string;
}

/**
 * null: no column holds how new statements are; or a set that is derived itself is among the sources, so that one load
 * comes here more than once and a row may have changed that is not accounted for yet.
 */
function standing(
  catalogue: Catalogue,
  { dimension, source, changed }: ChangingSource & { readonly changed: string },
): Standing | null {
  const bound = boundOf(dimension);
  if (bound === null) {
    return null;
  }
  const found: string[] = [];
  for (const one of dimension.derivation.from) {
    const from = storedTable(catalogue, one.set);
    if (from.set.derivation !== null) {
      return null;
    }
    if (one.stamp === null) {
      continue;
    }
    const keys = keyColumns(dimension, one, from);
    const about = dimension.table.key.map((name, index) => `${keys[index]} = j.${quoteIdentifier(name)}`);
    const unchanged = from.set.name === source.set.name ? [`NOT (${changed})`] : [];
    const conditions = [...about, `t.${quoteIdentifier(columnOf(from, one.stamp))} IS NOT NULL`, ...unchanged];
    const speaks = [...one.columns.keys()].some((property) => columnOf(dimension.table, property) === bound);
    if (speaks) {
      found.push(
        `EXISTS (${statementsWhere(dimension, { source: one, from, grouped: false, noted: true }, conditions.join(' AND '))})`,
      );
    }
  }
  return { bound, exists: `(${found.join(' OR ')})` };
}

function toldBy(
  dimension: DerivedDimension,
  source: StoredTable,
  { stands, known }: { readonly stands: Standing | null; readonly known: string },
): Told {
  const given = new Set(
    entriesOf(dimension, source).flatMap(([, one]) =>
      [...one.columns.keys()].map((property) => columnOf(dimension.table, property)),
    ),
  );
  const places = [...columnsOf(dimension).rest.entries()].filter(([, name]) => given.has(name));
  return { dimension, places: new Map(places.map(([index, name]) => [name, index])), standing: stands, known };
}

/** Statements that were made before or are made now, but not both. */
function changedQuery({ dimension, places }: Told, entries: readonly number[]): string {
  const told = [...places].flatMap(([name, index]) => [quoteIdentifier(name), flag(index)]);
  const columns = [columnList(dimension.table.key), ...told, '_newness', '_rank', '_order', '_entry'].join(', ');
  return `SELECT ${columns}, bool_or(_after) AS _after FROM ${statementTable(dimension)} WHERE _entry IN (${entries.join(', ')}) GROUP BY ${columns} HAVING count(*) = 1`;
}

/** These with their place among the statements of their thing, 1 the greatest, and compared with what is stored. */
function placedQuery({ dimension, places, known }: Told): string {
  const { table } = dimension;
  const key = columnList(table.key, 'c');
  const bound = boundOf(dimension);
  const beats =
    bound === null
      ? 'false'
      : `coalesce(c._newness > coalesce(d.${quoteIdentifier(bound)}::timestamptz, '-infinity'), false)`;
  const compared = [...places].map(([name, index]) => {
    const [theirs, ours] = [`c.${quoteIdentifier(name)}`, `d.${quoteIdentifier(name)}`];
    return `${theirs} AS v${index}, c.${flag(index)} AS h${index}, ${theirs} IS NOT DISTINCT FROM ${ours} AS s${index}`;
  });
  const place = `rank() OVER (PARTITION BY ${key} ORDER BY c._newness DESC NULLS LAST, c._rank, c._order DESC) AS _place`;
  const noted = `EXISTS (SELECT 1 FROM ${apart(affectedTable(dimension))} a WHERE ${sameKey('a', 'c', table.key)})`;
  return `SELECT ${[key, 'c._after', 'c._newness', `${beats} AS _beats`, place, ...compared].join(', ')} FROM changed c JOIN ${known} d ON ${sameKey('d', 'c', table.key)} WHERE NOT ${noted}`;
}

/** For each thing and column: whether a new statement is the greatest and what it says, and whether only all rows can tell. */
function judgedQuery({ dimension, places }: Told): string {
  const key = columnList(dimension.table.key);
  const judged = [...places.values()].map((index) => {
    const first = (which: string): string => `min(_place) FILTER (WHERE ${which} AND h${index} AND s${index})`;
    const otherwise = `bool_or(_after AND h${index} AND NOT s${index})`;
    const unsaid = `coalesce(${first('NOT _after')} < coalesce(${first('_after')}, 9223372036854775807), false)`;
    return [
      `bool_or(_after AND h${index} AND _beats) AS take${index}`,
      `(array_agg(v${index} ORDER BY _place) FILTER (WHERE _after AND h${index}))[1] AS v${index}`,
      `max(_newness) FILTER (WHERE _after AND h${index}) AS newest${index}`,
      `coalesce(${otherwise}, false) AS other${index}`,
      `${unsaid} AS unsaid${index}`,
    ].join(', ');
  });
  return `SELECT ${[key, 'bool_or(_after) AS _stays', ...judged].join(', ')} FROM placed GROUP BY ${key}`;
}

/** The column that holds how new the greatest of all statements is; null: no column does. */
function boundOf({ table, derivation }: DerivedDimension): string | null {
  const speaking = derivation.from.filter((one) =>
    [...one.columns.keys()].some((property) => !table.key.includes(columnOf(table, property))),
  );
  const [first] = speaking;
  if (first === undefined) {
    return null;
  }
  for (const property of first.columns.keys()) {
    const column = columnOf(table, property);
    const holds = speaking.every((one) => one.stamp !== null && one.columns.get(property) === one.stamp);
    if (holds && !table.key.includes(column)) {
      return column;
    }
  }
  return null;
}
