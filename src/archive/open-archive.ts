import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import type { Database, Transaction } from '../warehouse/database.ts';
import { schemaLock } from '../warehouse/migrate.ts';
import { withoutPolicies } from '../warehouse/row-policies/carried-policies.ts';
import { dropArchiveView, putArchiveViews } from '../warehouse/tables/archive-views.ts';
import { existingTables } from '../warehouse/tables/existing-tables.ts';
import { planTable } from '../warehouse/tables/table-plan.ts';
import { tableFaults, wantedTableOf } from '../warehouse/tables/wanted-tables.ts';
import { type ArchivedSet, archiveSchema, withArchived } from './archived-set.ts';
import { lockArchived, remakeOfArchived } from './follow-archived.ts';
import { lackingOf } from './lacking.ts';
import { type ArchiveRecord, archiveRecord } from './records.ts';
import { shapeOf } from './shape.ts';
import { treatKept } from './treat-kept.ts';

/** Whose rows they are. */
export interface FeedIdentity {
  readonly address: string;
  /** null: nobody knows. */
  readonly tenant: string | null;
}

/** Whether rows of one are rows of the other, as far as is known. */
export const isSameFeed = (one: FeedIdentity, other: FeedIdentity): boolean =>
  one.address === other.address && (one.tenant === null || other.tenant === null || one.tenant === other.tenant);

const feedText = ({ address, tenant }: FeedIdentity): string =>
  tenant === null ? address : `${address} (signed in at ${tenant})`;

/**
 * Makes the table of an archive what the feed's type wants, and gives what the ledger knows of it: a new archive belongs to `feed` from now
 * on. Additions are made; a property that the feed has no longer keeps its column. Throws ArchiveRefused where the archive is another
 * feed's, or the table cannot be changed into what is wanted without losing something.
 */
export function openArchive(
  database: Database,
  catalogue: Catalogue,
  {
    archived,
    feed,
    documents,
  }: { readonly archived: ArchivedSet; readonly feed: FeedIdentity; readonly documents: Catalogue },
): Promise<ArchiveRecord> {
  return database.transaction(async (transaction) => {
    await transaction.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
    const known = await archiveRecord(transaction, archived.name);
    const former = known === null ? feed : { address: known.feed, tenant: known.tenant };
    if (!isSameFeed(former, feed)) {
      throw new GatewayError(
        'ArchiveRefused',
        `The archive of ${archived.name} holds rows of ${feedText(former)}, and ${feedText(feed)} is another feed. Set it back; or, where these rows are not needed any more, let them go: gateway archive ${archived.source} --forget`,
        { target: archived.name },
      );
    }
    await provisionArchive(transaction, catalogue, { archived, documents });
    const shape = JSON.stringify(shapeOf(archived.live));
    await transaction.query(
      `INSERT INTO gateway.archive (entity_set, source, feed, tenant, shape, lacking) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (entity_set) DO UPDATE SET shape = excluded.shape, lacking = excluded.lacking, tenant = coalesce(archive.tenant, excluded.tenant) WHERE (archive.shape, archive.lacking, archive.tenant) IS DISTINCT FROM (excluded.shape, excluded.lacking, coalesce(archive.tenant, excluded.tenant))`,
      [archived.name, archived.source, feed.address, feed.tenant, shape, lackingOf(documents, archived)],
    );
    await transaction.query(
      'INSERT INTO gateway.set_versions (entity_set, version) VALUES ($1, 0) ON CONFLICT DO NOTHING',
      [archived.name],
    );
    await treatKept(transaction, catalogue, { archived, documents, former: known?.policies ?? {} });
    const record = await archiveRecord(transaction, archived.name);
    if (record === null) {
      throw new GatewayError('Internal', `The archive of ${archived.name} was not noted.`);
    }
    return record;
  });
}

async function provisionArchive(
  transaction: Transaction,
  catalogue: Catalogue,
  { archived, documents }: { readonly archived: ArchivedSet; readonly documents: Catalogue },
): Promise<void> {
  const wanted = wantedTableOf(withArchived(catalogue, [archived]), archived.name);
  const [fault] = tableFaults([wanted]);
  if (fault !== undefined) {
    throw new GatewayError('ArchiveRefused', `Its table cannot be made: ${fault}`, { target: archived.name });
  }
  const existing = await existingTables(transaction, archiveSchema);
  const { refusals, statements } = planTable(wanted, existing.get(wanted.table), { widens: true });
  if (refusals.length > 0) {
    throw new GatewayError(
      'ArchiveRefused',
      `The feed declares ${archived.name} otherwise than its archive has it: ${refusals.join(' ')} It is served live. Where the archived rows are not needed any more, let them go and be copied anew: gateway archive ${archived.source} --set ${archived.name} --forget`,
      { target: archived.name },
    );
  }
  const followed = { documents, name: archived.name };
  const documented = documents.model.entitySets.get(archived.name);
  if (statements.length > 0) {
    await lockArchived(transaction, followed);
    if (documented !== undefined) {
      await dropArchiveView(transaction, documented, archived.source);
    }
    const change = async (): Promise<void> => {
      await transaction.query(statements.join(';\n'));
    };
    await withoutPolicies(transaction, { schema: wanted.schema, name: wanted.table }, change);
    await putArchiveViews(transaction, documents, archived.name);
    if (existing.has(wanted.table)) {
      await remakeOfArchived(transaction, followed);
    }
  }
}
