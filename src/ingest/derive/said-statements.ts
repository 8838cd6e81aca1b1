import type { DimensionSource } from '../../catalogue/catalogue.ts';
import { apart, joinedHere } from '../../sql/apart.ts';
import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { columnDefinition, columnList, sameKey } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { affectedTable } from './affected-keys.ts';
import { derivedColumns } from './derived-columns.ts';
import type { DerivedDimension } from './derived-sets.ts';
import { statementsWhere } from './dimension-rows.ts';

/** A set whose rows change, seen from a dimension that takes rows from it. */
export interface ChangingSource {
  readonly dimension: DerivedDimension;
  readonly source: StoredTable;
  /** The rows that change and no others, in a table of the session (`bringRows`). Absent or null: they are read where they are stored. */
  readonly brought?: StoredTable | null;
}

/** What changing rows said before (`_after` false) and say now (true). */
export const statementTable = ({ table }: DerivedDimension): string =>
  quoteIdentifier(distinctName('said_', table.set.name));

/** Column of the statement table that tells whether a statement counts for a column of the dimension, by its place behind the key. */
export const flag = (index: number): string => `_has_${index}`;

/** Columns of a dimension, and those behind its key. */
export function columnsOf({ table, derivation }: DerivedDimension): {
  all: readonly string[];
  rest: readonly string[];
} {
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

/** Makes the table of statements where it is not there. */
export async function createStatements(transaction: Transaction, dimension: DerivedDimension): Promise<void> {
  const types = new Map([...dimension.table.columns.values()].map((column) => [column.name, column.sqlType]));
  const typed = (name: string): string => columnDefinition(name, types.get(name) ?? 'text');
  const told = columnsOf(dimension).rest.flatMap((name, index) => [typed(name), `${flag(index)} boolean`]);
  const columns = [...dimension.table.key.map(typed), ...told];
  await transaction.query(
    `CREATE TEMP TABLE IF NOT EXISTS ${statementTable(dimension)} (${columns.join(', ')}, _newness timestamptz, _rank integer, _order text COLLATE "C", _entry integer, _after boolean) ON COMMIT DROP`,
  );
}

/** Adds what rows `t` of the source that match `condition` say; `after`: now, and things that are new are put into `affectedTable` in their place. */
export async function addStatements(
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
export function entriesOf(
  { derivation }: DerivedDimension,
  source: StoredTable,
): readonly (readonly [number, DimensionSource])[] {
  return [...derivation.from.entries()].filter(([, one]) => one.set === source.set.name);
}
