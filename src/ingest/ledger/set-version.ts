import type { Transaction } from '../../warehouse/database.ts';
import { publishVersionText } from '../../warehouse/publish-version.ts';

/** Lets no other load touch these sets until the transaction ends. Always in the same order, so that loads cannot wait for each other in a ring. */
export async function lockSets(transaction: Transaction, sets: readonly string[]): Promise<void> {
  // One statement, whose rows come in the order of the list: each set is locked when those before it are.
  await transaction.query(
    `SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest($1::text[]) AS s(name)`,
    [[...new Set(sets)].sort().map((set) => `gateway.set:${set}`)],
  );
}

/** The version that changed rows of the set get in this transaction; call under its lock. */
export async function nextVersion(transaction: Transaction, set: string): Promise<string> {
  const { rows } = await transaction.query<{ version: string }>(
    `SELECT (version + 1)::text AS version FROM gateway.set_versions WHERE entity_set = $1`,
    [set],
  );
  return rows[0]?.version ?? '1';
}

/** Publishes it; only when something changed, so that readers who ask "anything new?" hear no for nothing. */
export async function publishVersion(transaction: Transaction, set: string, version: string): Promise<void> {
  await transaction.query(publishVersionText, [set, version]);
}

/** The set's rows cannot be followed any further by those who know their keys: delta links of it expire, and keys of removed rows are forgotten. */
export async function beginHistory(transaction: Transaction, set: string): Promise<void> {
  await transaction.query(
    `UPDATE gateway.set_versions SET kept_since = version, epoch = gen_random_uuid() WHERE entity_set = $1`,
    [set],
  );
  await transaction.query(`DELETE FROM gateway.tombstones WHERE entity_set = $1`, [set]);
}
