import type { Catalogue } from '../catalogue/catalogue.ts';
import { setsTouched } from '../ingest/derive/derived-sets.ts';
import { lockSets, nextVersion } from '../ingest/ledger/set-version.ts';
import { quoteRelation } from '../sql/identifier.ts';
import type { Database, Transaction } from '../warehouse/database.ts';
import { dropArchiveView, putArchiveViews } from '../warehouse/tables/archive-views.ts';
import { archiveSchema } from './archived-set.ts';
import { makeOfArchived, noteArchived } from './follow-archived.ts';
import { archiveRecords } from './records.ts';

/**
 * Lets archives go, rows and all, with what sets over all sources made of them: of a source, or of one of its sets. `catalogue`: of the metadata files. Whoever follows such a set by delta links reads it anew. Resolves to the
 * names of the sets.
 */
export function forgetArchives(
  database: Database,
  catalogue: Catalogue,
  { source, set }: { readonly source: string; readonly set: string | undefined },
): Promise<readonly string[]> {
  return database.transaction(async (transaction) => {
    const records = await archiveRecords(transaction);
    const names = records
      .filter((one) => one.source === source && (set === undefined || one.set === set))
      .map((one) => one.set);
    await lockSets(
      transaction,
      names.flatMap((name) => setsTouched(catalogue, name)),
    );
    await putArchiveViews(transaction, catalogue);
    for (const name of names) {
      await forget(transaction, catalogue, { source, name });
    }
    for (const table of ['archive', 'archive_copy', 'tombstones', 'removed_rows', 'set_versions']) {
      await transaction.query(`DELETE FROM gateway.${table} WHERE entity_set = ANY($1::text[])`, [names]);
    }
    return names;
  });
}

async function forget(
  transaction: Transaction,
  documents: Catalogue,
  { source, name }: { readonly source: string; readonly name: string },
): Promise<void> {
  const table = quoteRelation({ schema: archiveSchema, name });
  const documented = documents.model.entitySets.get(name);
  const { rows } = await transaction.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  if (rows[0]?.there === true) {
    const followed = { documents, name };
    const version = await nextVersion(transaction, name);
    await noteArchived(transaction, followed, `SELECT _row FROM ${table}`);
    await transaction.query(`DELETE FROM ${table}`);
    await makeOfArchived(transaction, followed, { version, outlived: true });
  }
  if (documented !== undefined) {
    await dropArchiveView(transaction, documented, source);
  }
  await transaction.query(`DROP TABLE IF EXISTS ${table}`);
  await putArchiveViews(transaction, documents, name);
}
