import type { Transaction } from './database.ts';

// Each DROP TABLE in a database with Citus runs a function for what may have to be told to workers, within a savepoint, which all workers of the transaction
// set and release. Tables of the session end with the transaction anyway.

/** By transaction: names of tables that nobody needs any more. */
const left = new WeakMap<Transaction, Set<string>>();

/**
 * Drops tables of the session that end with the transaction. In a database with Citus they are left, until somebody takes their names (`takeNames`). `ifThere`: they may not
 * have been made.
 */
export async function leaveTables(
  transaction: Transaction,
  names: readonly string[],
  { ifThere = false } = {},
): Promise<void> {
  if (!transaction.isDistributed) {
    await transaction.query(`DROP TABLE ${ifThere ? 'IF EXISTS ' : ''}${names.join(', ')}`);
    return;
  }
  const known = left.get(transaction) ?? new Set();
  left.set(transaction, known);
  for (const name of names) {
    known.add(name);
  }
}

/** Before tables of these names are made: drops those that were left. */
export async function takeNames(transaction: Transaction, names: readonly string[]): Promise<void> {
  const known = left.get(transaction);
  const taken = names.filter((name) => known?.delete(name) === true);
  if (taken.length > 0) {
    await transaction.query(`DROP TABLE IF EXISTS ${taken.join(', ')}`);
  }
}
