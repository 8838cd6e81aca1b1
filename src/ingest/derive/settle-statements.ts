import type { Catalogue } from '../../catalogue/catalogue.ts';
import { apart } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { takeNames } from '../../warehouse/left-tables.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { affectedTable } from './affected-keys.ts';
import type { DerivedDimension } from './derived-sets.ts';
import { knownTable, knownThings } from './known-things.ts';
import { settleByRecent } from './recent-statements.ts';
import { addStatements, type ChangingSource, createStatements, entriesOf, statementTable } from './said-statements.ts';
import { settlingQuery, toldBy } from './settling-query.ts';
import { standing } from './standing-statements.ts';

// Most dimensions hold few things that many rows name, so making a thing again from all its rows costs more than the whole
// load. What rows said before and what they say now tells for nearly all things that nothing changes, or what they become.

/** Things whose new row is known without reading their source rows; columns in the order of `derivedColumns`. */
export const settledTable = ({ table }: DerivedDimension): string =>
  quoteIdentifier(distinctName('settled_', table.set.name));

/** What `settleStatements` leaves in tables of the session. */
export const settlingTables = (transaction: Transaction, dimension: DerivedDimension): readonly string[] => [
  settledTable(dimension),
  ...(transaction.isDistributed ? [knownTable(dimension)] : []),
];

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
