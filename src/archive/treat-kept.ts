import type { Catalogue } from '../catalogue/catalogue.ts';
import { beginHistory, nextVersion, publishVersion } from '../ingest/ledger/set-version.ts';
import { columnOf, storedTable } from '../ingest/stored/stored-table.ts';
import { treatValues } from '../ingest/treat-stored/treat-values.ts';
import type { Transaction } from '../warehouse/database.ts';
import { type ArchivedSet, withArchived } from './archived-set.ts';
import { lockArchived, makeOfArchived, noteArchived } from './follow-archived.ts';
import { policiesOf, treatmentsOf } from './policies.ts';

/**
 * Treats the rows that are kept as the metadata says now, where it says otherwise than they were treated. Clear values become hashed,
 * masked or dropped; where values are to be clearer than they are stored, the next copy compares the whole set, and takes them from
 * the feed as far as it has them. Throws PersonalKeyMissing, and ProvisionRefused where two keys come to the same.
 */
export async function treatKept(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    archived,
    former,
    documents,
  }: {
    readonly archived: ArchivedSet;
    readonly former: Readonly<Record<string, string>>;
    readonly documents: Catalogue;
  },
): Promise<void> {
  const { name } = archived;
  const now = policiesOf(archived);
  const names = new Set([...now.keys(), ...Object.keys(former)]);
  const changed = [...names].filter((property) => (former[property] ?? 'keep') !== (now.get(property) ?? 'keep'));
  if (changed.length === 0) {
    return;
  }
  const followed = { documents, name };
  await lockArchived(transaction, followed);
  const treatments = treatmentsOf(catalogue, archived);
  const table = storedTable(withArchived(catalogue, [archived]), name);
  const version = await nextVersion(transaction, name);
  await noteArchived(transaction, followed, `SELECT _row FROM ${table.name}`);
  let [rows, keys] = [0, 0];
  for (const property of changed) {
    const treat = treatments.get(property);
    const mayBeClear = former[property] === undefined || now.get(property) === 'drop';
    if (treat === undefined || !mayBeClear || !table.columns.has(property)) {
      continue;
    }
    const column = columnOf(table, property);
    const treated = await treatValues(transaction, { table, column, treat, version });
    rows += treated;
    keys += table.key.includes(column) ? treated : 0;
  }
  if (rows > 0) {
    await publishVersion(transaction, name, version);
    await makeOfArchived(transaction, followed, { version });
  }
  if (keys > 0) {
    await beginHistory(transaction, name);
  }
  await transaction.query(
    `UPDATE gateway.archive SET policies = $2, whole_at = CASE WHEN whole_at IS NULL THEN NULL ELSE to_timestamp(0) END WHERE entity_set = $1`,
    [name, JSON.stringify(Object.fromEntries(now))],
  );
}
