import { lockSets } from '../ingest/ledger/set-version.ts';
import { quoteRelation } from '../sql/identifier.ts';
import type { Database } from '../warehouse/database.ts';
import { archiveSchema } from './archived-set.ts';
import { archiveRecords } from './records.ts';

/**
 * Lets archives go, rows and all: of a source, or of one of its sets. Whoever follows such a set by delta links reads it anew. Resolves to the
 * names of the sets.
 */
export function forgetArchives(
  database: Database,
  { source, set }: { readonly source: string; readonly set: string | undefined },
): Promise<readonly string[]> {
  return database.transaction(async (transaction) => {
    const records = await archiveRecords(transaction);
    const names = records
      .filter((one) => one.source === source && (set === undefined || one.set === set))
      .map((one) => one.set);
    await lockSets(transaction, names);
    for (const name of names) {
      await transaction.query(`DROP TABLE IF EXISTS ${quoteRelation({ schema: archiveSchema, name })}`);
    }
    for (const table of ['archive', 'archive_copy', 'tombstones', 'set_versions']) {
      await transaction.query(`DELETE FROM gateway.${table} WHERE entity_set = ANY($1::text[])`, [names]);
    }
    return names;
  });
}
