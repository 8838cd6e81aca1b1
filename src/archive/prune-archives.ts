import type { Catalogue } from '../catalogue/catalogue.ts';
import { notePruning } from '../ingest/ledger/prunings.ts';
import { nextVersion, publishVersion } from '../ingest/ledger/set-version.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import type { Database, Transaction } from '../warehouse/database.ts';
import type { ArchivedSet } from './archived-set.ts';
import { recordedSets } from './archives.ts';
import { lockArchived, makeOfArchived, noteArchived } from './follow-archived.ts';
import { noteLeaving } from './gone-rows.ts';
import { keptFrom } from './kept-from.ts';
import { tableOf } from './merge-copied.ts';

/** Rows removed by set, those with none left out; `since`: ISO text of the first moment that is kept. */
export type PrunedArchives = ReadonlyMap<string, { readonly removed: number; readonly since: string }>;

/**
 * Removes archived rows that are older than the metadata has them kept; copies do not bring them back. Delta links tell it. `catalogue`: of the
 * metadata files. A run that removed something has a row in `gateway.pruning`.
 */
export async function pruneArchives(
  database: Database,
  catalogue: Catalogue,
  { now, dryRun }: { readonly now: Date; readonly dryRun: boolean },
): Promise<PrunedArchives> {
  const pruned = new Map<string, { readonly removed: number; readonly since: string }>();
  for (const archived of await recordedSets(database, catalogue)) {
    const since = keptFrom(archived, now);
    if (since === null) {
      continue;
    }
    const removed = await database.transaction((transaction) =>
      pruneSet(transaction, archived, { since, dryRun, documents: catalogue }),
    );
    if (removed > 0) {
      pruned.set(archived.name, { removed, since });
    }
  }
  if (!dryRun && pruned.size > 0) {
    await notePruning(database, { sets: Object.fromEntries(pruned), rejects: 0, files: 0 });
  }
  return pruned;
}

async function pruneSet(
  transaction: Transaction,
  archived: ArchivedSet,
  { since, dryRun, documents }: { readonly since: string; readonly dryRun: boolean; readonly documents: Catalogue },
): Promise<number> {
  const column = archived.table.columns.get(archived.settings.by ?? '')?.name;
  if (column === undefined) {
    return 0;
  }
  const table = tableOf(archived);
  const condition = `t.${quoteIdentifier(column)} < $1::timestamptz`;
  if (dryRun) {
    const { rows } = await transaction.query<{ n: string }>(
      `SELECT count(*)::text AS n FROM ${table.name} t WHERE ${condition}`,
      [since],
    );
    return Number(rows[0]?.n ?? 0);
  }
  const followed = { documents, name: archived.name };
  await lockArchived(transaction, followed);
  const version = await nextVersion(transaction, archived.name);
  await noteArchived(transaction, followed, `SELECT t._row FROM ${table.name} t WHERE ${condition}`, [since]);
  await noteLeaving(transaction, archived, { where: condition, values: [since], version });
  const { rowCount } = await transaction.query(`DELETE FROM ${table.name} t WHERE ${condition}`, [since]);
  if (rowCount > 0) {
    await publishVersion(transaction, archived.name, version);
    await makeOfArchived(transaction, followed, { version, outlived: true });
  }
  return rowCount;
}
