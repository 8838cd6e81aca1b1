import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { applyDecisions } from './apply-decisions.ts';
import { type Decisions, decideRows, type MergeInput } from './decide-rows.ts';
import type { FileOrder } from './file-order.ts';
import { nextSnapshot } from './ledger.ts';
import { MANY_CHANGES, maintainDerived, noteAffected } from './maintain-derived.ts';
import { nextVersion, publishVersion } from './set-version.ts';
import type { StoredTable } from './stored-table.ts';

export interface Merge {
  readonly catalogue: Catalogue;
  readonly target: Export;
  readonly table: StoredTable;
  readonly file: FileOrder;
  /** Other rows of the file were loaded before. */
  readonly replayed: boolean;
  readonly superseded: boolean;
  readonly removes: boolean;
  readonly period: ReadonlyMap<string, string>;
  /** Removes however much a snapshot lacks. */
  readonly force: boolean;
}

/** Merges the staged rows into their set and what is derived from it. Throws SnapshotTooSmall. */
export async function mergeRows(transaction: Transaction, merge: Merge): Promise<Decisions> {
  const { catalogue, target, table, file } = merge;
  const input: MergeInput = { ...merge, write: target.write };
  const decisions = await decideRows(transaction, input);
  await checkSnapshot(transaction, merge, decisions);
  const version = await nextVersion(transaction, table.set.name);
  const changed = decisions.inserted + decisions.updated + decisions.removed > 0;
  const bulk = decisions.updated + decisions.removed > MANY_CHANGES;
  const restated = await noteAffected(transaction, catalogue, { source: table, fileTime: file.fileTime, bulk });
  await applyDecisions(transaction, {
    ...merge,
    version,
    soft: target.write.mode === 'snapshot',
    goneSince: await nextSnapshot(transaction, target, file),
  });
  if (changed) await publishVersion(transaction, table.set.name, version);
  if (changed || restated > 0) {
    await maintainDerived(transaction, catalogue, { source: table, version, marks: file, bulk });
  }
  return decisions;
}

/** A snapshot that would empty more than half of a set of more than 20 rows is more likely cut off than true. */
async function checkSnapshot(transaction: Transaction, merge: Merge, { removed }: Decisions): Promise<void> {
  if (merge.target.write.mode !== 'snapshot' || merge.force || removed === 0) return;
  const { rows } = await transaction.query<{ n: string }>(
    `SELECT count(*)::text AS n FROM ${merge.table.name} WHERE _deleted_at IS NULL AND _load_id IS NOT NULL`,
  );
  const stored = Number(rows[0]?.n ?? 0);
  if (stored <= 20 || removed * 2 <= stored) return;
  throw new GatewayError(
    'SnapshotTooSmall',
    `The snapshot lacks ${removed} of the ${stored} rows of ${merge.table.set.name}, more than half`,
  );
}
