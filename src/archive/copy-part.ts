import { Buffer } from 'node:buffer';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import { nextVersion, publishVersion } from '../ingest/ledger/set-version.ts';
import { copyLine } from '../sql/copy-line.ts';
import { quoteIdentifier } from '../sql/identifier.ts';
import type { Database, Transaction } from '../warehouse/database.ts';
import { requireTable } from '../warehouse/tables/check-table.ts';
import { type ArchivedSet, withArchived } from './archived-set.ts';
import { type Feed, partRows, textsOf } from './feed-rows.ts';
import { lockArchived, makeOfArchived, noteArchived } from './follow-archived.ts';
import { deletedRows, findGone, writeGone } from './gone-rows.ts';
import { copiedRows, copyText, type MergedRows, makeCopied, mergeCopied, tableOf } from './merge-copied.ts';
import { type FeedIdentity, isSameFeed } from './open-archive.ts';
import { firstMoment, type Part } from './parts.ts';
import { archiveRecord, isoText, nextCopyId, noteCopy, noteProgress, type RecordChange } from './records.ts';
import { rowTreatment } from './treat-rows.ts';

/** What copying needs of the program. */
export interface Copying {
  readonly database: Database;
  readonly catalogue: Catalogue;
  /** Of the metadata files. */
  readonly documents: Catalogue;
  readonly archived: ArchivedSet;
  readonly feed: Feed;
  readonly identity: FeedIdentity;
  readonly force: boolean;
  /** When the copy began. */
  readonly now: Date;
}

/** What became of the rows of a part; `newest`: the latest point in time among those that were read. */
export interface CopiedPart extends MergedRows {
  readonly erased: number;
  readonly purged: number;
  readonly deleted: number;
  readonly newest: Date | null;
}

/** Rows written to PostgreSQL at once, in characters. */
const chunkSize = 256 * 1024;

/**
 * Copies and compares a part in one transaction: afterwards its rows, what became of those that are gone, the ledger and the progress are
 * there, or nothing is. The rows stream through: memory does not grow with them. `progress` says what to note, once the rows are known. Throws
 * what reading the feed throws, ArchiveShrunk, RestartNeeded.
 */
export function copyPart(
  copying: Copying,
  part: Part,
  progress: (copied: CopiedPart) => RecordChange,
): Promise<CopiedPart> {
  const { database, catalogue, documents, archived, feed, force } = copying;
  const table = tableOf(archived);
  return database.transaction(async (transaction) => {
    const treatment = await rowTreatment(transaction, catalogue, { archived, now: copying.now });
    await makeCopied(transaction, table);
    const texts = textsOf(archived.live);
    const take = async (rows: AsyncIterable<string>): Promise<void> => {
      const lines = linesOf(rows, (row) => treatment.treat(texts(row)));
      await transaction.copyIn(copyText(table), lines);
    };
    await take(partRows(feed, archived.live, part));
    // Before anybody waits for the set: the feed is asked once more.
    await findGone(transaction, { archived, table, part, feed, force, take });
    const followed = { documents, name: archived.name };
    await lockArchived(transaction, followed);
    await requireSame(transaction, copying);
    await treatment.requireNoNewErasure();
    const version = await nextVersion(transaction, archived.name);
    const copyId = await nextCopyId(transaction);
    const newest = part.kind === 'window' ? await newestOf(transaction, archived) : null;
    const onChanging = (changing: string): Promise<void> =>
      noteArchived(transaction, followed, `${changing} UNION ALL ${deletedRows}`);
    const merged = await mergeCopied(transaction, table, { version, copyId, onChanging });
    const gone = await writeGone(transaction, { archived, table }, version);
    const copied: CopiedPart = { ...merged, ...gone, erased: treatment.erased(), newest };
    const changes = merged.inserted + merged.updated + gone.purged + gone.deleted;
    if (changes > 0) {
      await publishVersion(transaction, archived.name, version);
      await makeOfArchived(transaction, followed, { version });
    }
    if (changes > 0 || part.kind === 'whole') {
      const [from, to] = part.kind === 'window' ? [part.from, part.to] : [null, null];
      await noteCopy(transaction, { ...copied, copyId, set: archived.name, kind: part.kind, from, to });
    }
    await noteProgress(transaction, archived.name, { change: progress(copied), copiedAt: null });
    return copied;
  });
}

/** Throws RestartNeeded, or ArchiveRefused where somebody has let the archive go meanwhile. */
async function requireSame(transaction: Transaction, { catalogue, archived, identity }: Copying): Promise<void> {
  const record = await archiveRecord(transaction, archived.name);
  if (record === null || !isSameFeed({ address: record.feed, tenant: record.tenant }, identity)) {
    throw new GatewayError(
      'ArchiveRefused',
      `The archive of ${archived.name} was let go while it was copied. Copy it again.`,
    );
  }
  await requireTable(transaction, withArchived(catalogue, [archived]), archived.name);
}

async function newestOf(transaction: Transaction, { settings, table }: ArchivedSet): Promise<Date | null> {
  const column = settings.by === null ? undefined : table.columns.get(settings.by);
  if (column === undefined) {
    return null;
  }
  const { rows } = await transaction.query<{ newest: string | null }>(
    `SELECT ${isoText(`max(${quoteIdentifier(column.name)})`)} AS newest FROM ${copiedRows} WHERE ${quoteIdentifier(column.name)} >= $1::timestamptz`,
    [firstMoment],
  );
  const text = rows[0]?.newest ?? null;
  return text === null ? null : new Date(text);
}

async function* linesOf(
  rows: AsyncIterable<string>,
  convert: (row: string) => readonly (string | null)[] | null,
): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const row of rows) {
    const values = convert(row);
    if (values === null) {
      continue;
    }
    text += copyLine(values);
    if (text.length >= chunkSize) {
      yield Buffer.from(text, 'utf8');
      text = '';
    }
  }
  if (text !== '') {
    yield Buffer.from(text, 'utf8');
  }
}
