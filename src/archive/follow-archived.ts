import type { Catalogue } from '../catalogue/catalogue.ts';
import { derivedFrom, setsTouched } from '../ingest/derive/derived-sets.ts';
import { maintainDerived, makeAgain } from '../ingest/derive/maintain-derived.ts';
import { noteAffected } from '../ingest/derive/note-affected.ts';
import { archiveMarks, type DerivedMarks } from '../ingest/derive/write-derived.ts';
import { lockSets } from '../ingest/ledger/set-version.ts';
import { storedTable } from '../ingest/stored/stored-table.ts';
import type { Transaction } from '../warehouse/database.ts';

const changingRows = 'changing_rows';

/** A proxied set, and the catalogue of the metadata files, by which sets over all sources are made of its archive. */
export interface Followed {
  readonly documents: Catalogue;
  readonly name: string;
}

/** Lets nobody else touch the archive of a set and the sets that are made of it until the transaction ends. */
export const lockArchived = (transaction: Transaction, { documents, name }: Followed): Promise<void> =>
  lockSets(transaction, setsTouched(documents, name));

const isFollowed = ({ documents, name }: Followed): boolean => derivedFrom(documents, name).length > 0;

/** Before rows of an archive change or leave: notes what they speak of. `changing`: SELECT of their `_row`. */
export async function noteArchived(
  transaction: Transaction,
  followed: Followed,
  changing: string,
  values: readonly string[] = [],
): Promise<void> {
  if (!isFollowed(followed)) {
    return;
  }
  const { documents, name } = followed;
  const { rowCount } = await transaction.query(
    `CREATE TEMP TABLE ${changingRows} ON COMMIT DROP AS ${changing}`,
    values,
  );
  if (rowCount > 0) {
    await transaction.query(`ANALYZE ${changingRows}`);
    await noteAffected(transaction, documents, {
      source: storedTable(documents, name),
      rows: { changing: `SELECT _row FROM ${changingRows}`, restated: 'SELECT NULL::bigint WHERE false' },
      ...{ fileTime: archiveMarks().fileTime, bulk: false },
    });
  }
  await transaction.query(`DROP TABLE ${changingRows}`);
}

/** After they changed: makes the rows anew of what was noted, and of what the rows of this version speak of. */
export async function makeOfArchived(
  transaction: Transaction,
  followed: Followed,
  { version, outlived = false }: { readonly version: string; readonly outlived?: boolean },
): Promise<void> {
  if (isFollowed(followed)) {
    const source = storedTable(followed.documents, followed.name);
    const marks = archiveMarks();
    await maintainDerived(transaction, followed.documents, { source, version, marks, bulk: false, outlived });
  }
}

/** Makes all rows anew of the sets that are made of an archive: its columns mean something else now. */
export async function remakeOfArchived(transaction: Transaction, { documents, name }: Followed): Promise<void> {
  const marks: DerivedMarks = archiveMarks();
  for (const derived of derivedFrom(documents, name)) {
    await makeAgain(transaction, documents, { derived, marks });
  }
}
