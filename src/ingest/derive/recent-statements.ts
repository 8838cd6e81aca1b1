import type { Catalogue } from '../../catalogue/catalogue.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { leaveTables, takeNames } from '../../warehouse/left-tables.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { columnOf, type StoredTable, storedTable } from '../stored/stored-table.ts';
import type { DerivedDimension } from './derived-sets.ts';
import { recentQuery, saysMore } from './dimension-rows.ts';

/** So many of the newest rows of a source are looked at, whichever things they name, before all rows of a thing are. */
const recentRows = 10_000;

/** Column of the table of settled things that tells whether another one, by its place, is not known. */
export const unsureFlag = (place: number): string => `_unsure_${place}`;

/** Things whose new rows are not known yet, beside those that are. */
export interface Unsettled {
  readonly dimension: DerivedDimension;
  /**
   * Temporary table: columns of `derivedColumns`, `_again` where not all of them are known, `unsureFlag` of those that are not, and
   * `_since`: how new something is that is said now of each of these; null: of one nothing is known to be said.
   */
  readonly settled: string;
  /** Columns that may be unsure, each with its place among those of the dimension behind its key. */
  readonly columns: ReadonlyMap<string, number>;
}

// Of a thing that thousands of rows name most are older than what counts. What is said now at some time is enough to leave out all older
// rows; and a thing that so many rows name is likely to be among the newest rows of all, which an index of times gives. One that few
// rows name is not, and costs little to make again from all of them.

/** Settles things by the newest rows of the sources, where these tell all that is not known of them. */
export async function settleByRecent(
  transaction: Transaction,
  catalogue: Catalogue,
  { dimension, settled, columns }: Unsettled,
): Promise<void> {
  const { rows: found } = await transaction.query<{ oldest: string | null }>(
    `SELECT (CASE WHEN count(*) = count(_since) THEN min(_since) ELSE '-infinity' END)::text AS oldest FROM ${settled} WHERE _again`,
  );
  const oldest = found[0]?.oldest ?? null;
  if (oldest === null) {
    return;
  }
  const { table } = dimension;
  const { isDistributed } = transaction;
  const brought = quoteIdentifier(distinctName('brought_', table.set.name));
  const floor = await recentFloor(transaction, catalogue, { dimension, oldest });
  const asked = await askedThings(transaction, { dimension, settled, floor });
  const { rows } = await transaction.query<{ least: string | null }>(`SELECT min(_since)::text AS least FROM ${asked}`);
  const least = rows[0]?.least ?? null;
  if (least !== null) {
    const told = recentQuery(catalogue, dimension, {
      table: asked,
      least: `${escapeText(least)}::timestamptz`,
      isDistributed,
    });
    const unsure = [...columns].map(([name, place]) => ({
      name: quoteIdentifier(name),
      flag: unsureFlag(place),
      place,
    }));
    const values = unsure.map(({ name, flag }) => `${name} = CASE WHEN s.${flag} THEN r.${name} ELSE s.${name} END`);
    const tells = unsure.map(({ flag, place }) => `(NOT s.${flag} OR r._has_${place})`);
    // A table of the session is not updated by rows of a worker.
    if (isDistributed) {
      await takeNames(transaction, [brought]);
      await transaction.query(`CREATE TEMP TABLE ${brought} ON COMMIT DROP AS ${told}`);
    }
    await transaction.query(
      `UPDATE ${settled} s SET ${['_again = false', ...values].join(', ')} FROM ${isDistributed ? brought : `(${told})`} r WHERE ${[sameKey('r', 's', table.key), 's._again', ...tells].join(' AND ')}`,
    );
  }
  if (!isDistributed) {
    await leaveTables(transaction, [asked]);
  } else if (least !== null) {
    await leaveTables(transaction, [brought]);
  }
}

/**
 * What stands in SQL for the things that are not known yet, with the time since when statements about each are asked for. One statement asks a worker of Citus, and
 * reads it once: a table of its own would cost more than that.
 */
async function askedThings(
  transaction: Transaction,
  {
    dimension: { table },
    settled,
    floor,
  }: Pick<Unsettled, 'dimension' | 'settled'> & { readonly floor: string | null },
): Promise<string> {
  const since = `greatest(_since, ${floor === null ? 'NULL' : escapeText(floor)}::timestamptz)`;
  const things = `SELECT * FROM (SELECT ${columnList(table.key)}, ${since} AS _since FROM ${settled} WHERE _again) s WHERE _since IS NOT NULL`;
  if (transaction.isDistributed) {
    return `(${things}) q`;
  }
  const asked = quoteIdentifier(distinctName('recent_', table.set.name));
  await transaction.query(`CREATE TEMP TABLE ${asked} ON COMMIT DROP AS ${things}`);
  await transaction.query(`ANALYZE ${asked}`);
  return asked;
}

/**
 * A time such that few rows of each source whose times are indexed are newer, and many are where it has many; null: none of them has many that are
 * no older than `oldest`.
 */
async function recentFloor(
  transaction: Transaction,
  catalogue: Catalogue,
  { dimension, oldest }: { readonly dimension: DerivedDimension; readonly oldest: string },
): Promise<string | null> {
  const floors = dimension.derivation.from.flatMap((source) => {
    const from = storedTable(catalogue, source.set);
    const { stamp } = source;
    if (stamp === null || !saysMore(dimension, source) || !isIndexed(from, stamp)) {
      return [];
    }
    const column = `t.${quoteIdentifier(columnOf(from, stamp))}`;
    return [
      `(SELECT ${column}::timestamptz FROM ${from.name} t WHERE ${column} >= ${escapeText(oldest)}::timestamptz ORDER BY ${column} DESC NULLS LAST OFFSET ${recentRows} LIMIT 1)`,
    ];
  });
  if (floors.length === 0) {
    return null;
  }
  const { rows } = await transaction.query<{ floor: string | null }>(
    `SELECT greatest(${[...new Set(floors)].join(', ')})::text AS floor`,
  );
  return rows[0]?.floor ?? null;
}

/** Whether an index begins with the property. */
const isIndexed = ({ set }: StoredTable, property: string): boolean =>
  set.indexes.some(([first]) => first === property);
