import type { Transaction } from '../database.ts';

/** While it is `on` in a transaction, versions are not copied beside the rows of placed sets as they are written (mirror-history.ts). */
export const laterSetting = 'gateway.copied_later';

/**
 * Does what publishes versions of several sets, of which those beside the rows on workers of Citus are written by one statement then: each would be sent there by itself. `sets` may hold
 * others. Databases that were placed by an older gateway copy each version at once, and once more.
 */
export async function publishTogether<T>(
  transaction: Transaction,
  sets: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  if (!transaction.isDistributed) {
    return work();
  }
  await transaction.query(`SET LOCAL ${laterSetting} = 'on'`);
  const done = await work();
  await transaction.query(`SET LOCAL ${laterSetting} = 'off'`);
  await transaction.query(
    'UPDATE gateway.set_versions SET version = version WHERE entity_set = ANY($1) AND changed_at = now()',
    [sets],
  );
  return done;
}
