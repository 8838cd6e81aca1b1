import { apart } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { columnOf, type StoredTable } from '../stored/stored-table.ts';
import { affectedTable } from './affected-keys.ts';
import { type DerivedDimension, forgets } from './derived-sets.ts';
import { unsureFlag } from './recent-statements.ts';
import { columnsOf, entriesOf, flag, statementTable } from './said-statements.ts';
import { boundOf, type Standing } from './standing-statements.ts';

/** A dimension, and the columns that one of its sources tells, each with its place in the statement table. */
export interface Told {
  readonly dimension: DerivedDimension;
  readonly places: ReadonlyMap<string, number>;
  readonly standing: Standing | null;
  /** What stands in SQL for the stored things that are spoken of. */
  readonly known: string;
}

/** What a source tells a dimension, for `settlingQuery`. */
export function toldBy(
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
export function settlingQuery(told: Told, entries: readonly number[]): string {
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
