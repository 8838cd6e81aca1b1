import type { Database, Transaction } from '../../../src/warehouse/database.ts';

/**
 * The database, whose loads take it for one with Citus or for one without: the forms of statements for tables on workers run on any PostgreSQL. `told` gets each
 * statement of a transaction.
 */
export function asDistributed(
  database: Database,
  isDistributed: boolean,
  told: (text: string) => void = () => {},
): Database {
  const watch = (transaction: Transaction): Transaction => ({
    isDistributed,
    copyIn: (text, bytes) => transaction.copyIn(text, bytes),
    query: (text, values) => {
      told(text);
      return transaction.query(text, values);
    },
  });
  return Object.assign(Object.create(database) as Database, {
    query: database.query.bind(database),
    transaction: <T>(work: (transaction: Transaction) => Promise<T>) =>
      database.transaction((transaction) => work(watch(transaction))),
  });
}
