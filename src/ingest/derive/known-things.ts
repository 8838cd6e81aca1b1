import { quoteIdentifier } from '../../sql/identifier.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { takeNames } from '../../warehouse/left-tables.ts';
import { columnList, sameKey } from '../stored/column-lists.ts';
import { distinctName } from '../stored/distinct-name.ts';
import { derivedColumns } from './derived-columns.ts';
import type { DerivedDimension } from './derived-sets.ts';
import { statementTable } from './said-statements.ts';

/** What `knownThings` brings, a table of the session. */
export const knownTable = ({ table }: DerivedDimension): string =>
  quoteIdentifier(distinctName('known_', table.set.name));

/**
 * Stored things that the statements are about, as a table in SQL. Where they lie on a worker of Citus they are brought once: each of the places that name
 * them would ask for them again.
 */
export async function knownThings(transaction: Transaction, dimension: DerivedDimension): Promise<string> {
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
