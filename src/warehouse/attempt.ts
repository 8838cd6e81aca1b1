import type { Transaction } from './database.ts';
import { sqlState } from './postgres-errors.ts';

/**
 * Does work that PostgreSQL may refuse with one of these SQLSTATEs (PostgreSQL manual, appendix A): then nothing of it is left, and the transaction goes on.
 * Resolves to what it resolves to, null where it was refused so; throws every other error.
 */
export async function attempt<Result>(
  transaction: Transaction,
  states: ReadonlySet<string>,
  work: () => Promise<Result>,
): Promise<Result | null> {
  await transaction.query('SAVEPOINT before_attempt');
  try {
    const result = await work();
    await transaction.query('RELEASE SAVEPOINT before_attempt');
    return result;
  } catch (error) {
    if (!states.has(sqlState(error) ?? '')) {
      throw error;
    }
  }
  // One attempt may be a part of another: what is undone next is the whole of that.
  await transaction.query('ROLLBACK TO SAVEPOINT before_attempt; RELEASE SAVEPOINT before_attempt');
  return null;
}
