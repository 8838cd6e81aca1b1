import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import { columnList } from '../stored/column-lists.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { bridgeWhere, parentColumns } from './bridge-rows.ts';
import { derivedColumns } from './derived-columns.ts';
import type { DerivedTable } from './derived-sets.ts';
import type { DerivedMarks } from './write-derived.ts';

/** Whether each row of a source is a parent of its own in the bridge: a row that is new has no members stored. */
export function hasOwnParents(catalogue: Catalogue, { derived, source }: NewParents): boolean {
  if (derived.derivation.kind !== 'bridge') {
    return false;
  }
  const parent = new Set(parentColumns(catalogue, derived).map(({ theirs }) => theirs));
  return source.key.every((name) => parent.has(name));
}

interface NewParents {
  readonly derived: DerivedTable;
  readonly source: StoredTable;
}

/** Adds the members of source rows `t` that match `changed` and are new, all of them. Resolves to the bridge's new version; null: they have none. */
export async function addMembers(
  transaction: Transaction,
  catalogue: Catalogue,
  { derived, changed, marks }: Pick<NewParents, 'derived'> & { readonly changed: string; readonly marks: DerivedMarks },
): Promise<string | null> {
  const version = await nextVersion(transaction, derived.table.set.name);
  const added = await insertMembers(transaction, catalogue, { derived, changed, marks, version });
  if (added === 0) {
    return null;
  }
  await publishVersion(transaction, derived.table.set.name, version);
  return version;
}

/** Writes them, with this version. Resolves to how many there are. */
export async function insertMembers(
  transaction: Transaction,
  catalogue: Catalogue,
  {
    derived,
    changed,
    marks,
    version,
  }: {
    readonly derived: DerivedTable;
    readonly changed: string;
    readonly marks: DerivedMarks;
    readonly version: string;
  },
): Promise<number> {
  const columns = columnList(derivedColumns(derived));
  const members = bridgeWhere(catalogue, derived, changed);
  // Citus cannot insert what lists are split into on the way.
  const made = transaction.isDistributed ? `SELECT * FROM (${members}) s OFFSET 0` : members;
  const { rowCount } = await transaction.query(
    `INSERT INTO ${derived.table.name} (${columns}, _version, _load_id, _loaded_at, _stamp) SELECT b.*, $1, $2, now(), $3 FROM (${made}) b`,
    [version, marks.loadId, marks.fileTime],
  );
  return rowCount;
}
