import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { takeNames } from '../../warehouse/left-tables.ts';
import { columnDefinition, columnList, sameKey } from '../stored/column-lists.ts';
import { affectedColumns, affectedTable } from './affected-keys.ts';
import type { DerivedTable } from './derived-sets.ts';
import type { Settled } from './settle-statements.ts';

/** Makes `affectedTable` where it is not there. */
export async function createAffected(transaction: Transaction, derived: DerivedTable): Promise<void> {
  const types = new Map([...derived.table.columns.values()].map((column) => [column.name, column.sqlType]));
  await takeNames(transaction, [affectedTable(derived)]);
  const definition = affectedColumns(derived).map((name) => columnDefinition(name, types.get(name) ?? 'text'));
  await transaction.query(
    `CREATE TEMP TABLE IF NOT EXISTS ${affectedTable(derived)} (${definition.join(', ')}) ON COMMIT DROP`,
  );
}

/** Puts the keys of a SELECT there that are not there yet, and have all their parts. Resolves to how many. */
export async function addAffected(
  transaction: Transaction,
  derived: DerivedTable,
  select: string,
  values: readonly string[] = [],
): Promise<number> {
  const columns = affectedColumns(derived);
  const present = columns.map((name) => `n.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  // Keys come from a worker, where Citus would bring those that are known already to compare them there.
  const named = transaction.isDistributed ? `SELECT * FROM (${select}) s OFFSET 0` : select;
  const { rowCount } = await transaction.query(
    `INSERT INTO ${affectedTable(derived)} SELECT n.* FROM (${named}) n(${columnList(columns)}) WHERE ${present} AND NOT EXISTS (SELECT 1 FROM ${affectedTable(derived)} a WHERE ${sameKey('a', 'n', columns)})`,
    values,
  );
  return rowCount;
}

/** Whether a set is to be made again: of keys that are named now, or were noted before. */
export async function nameAffected(transaction: Transaction, derived: DerivedTable, select: string): Promise<Settled> {
  await addAffected(transaction, derived, select);
  const { rowCount } = await transaction.query(`SELECT 1 FROM ${affectedTable(derived)} LIMIT 1`);
  return { again: rowCount > 0, known: false };
}
