import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import type { DerivedTable } from './derived-sets.ts';
import type { MadeRows } from './early-rows.ts';
import { addMembers, hasOwnParents } from './new-parents.ts';
import { addUnified } from './unified-rows.ts';
import type { DerivedMarks } from './write-derived.ts';

/** Rows of a derived set that were added to it: those of a version, and whether that has no others. */
interface Added {
  readonly version: string;
  readonly onlyNew: boolean;
}

/** Adds what new rows of a source become, as rows of their own; null: nothing; `undefined`: they change others, and nothing was done. */
export async function addNew(
  transaction: Transaction,
  catalogue: Catalogue,
  rows: {
    readonly derived: DerivedTable;
    readonly source: StoredTable;
    readonly changed: string;
    readonly version: string;
    readonly marks: DerivedMarks;
  },
): Promise<Added | null | undefined> {
  const isUnified = rows.derived.derivation.kind === 'unified';
  if (!isUnified && !hasOwnParents(catalogue, rows)) {
    return undefined;
  }
  const version = isUnified
    ? await addUnified(transaction, catalogue, rows)
    : await addMembers(transaction, catalogue, rows);
  return typeof version === 'string' ? { version, onlyNew: true } : version;
}

/** Publishes the version of rows that were made before; null: there are none. */
export async function publishMade(
  transaction: Transaction,
  { table: { set } }: DerivedTable,
  { count, version }: MadeRows,
): Promise<Added | null> {
  if (count === 0) {
    return null;
  }
  // What was made of other sets since may have published it with more rows.
  const onlyNew = (await nextVersion(transaction, set.name)) === version;
  if (onlyNew) {
    await publishVersion(transaction, set.name, version);
  }
  return { version, onlyNew };
}
