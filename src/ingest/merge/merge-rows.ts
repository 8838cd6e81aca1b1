import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { maintainDerived, manyChanges, noteAffected } from '../derive/maintain-derived.ts';
import type { FileOrder } from '../ledger/file-order.ts';
import { nextSnapshot } from '../ledger/ledger.ts';
import { nextVersion, publishVersion } from '../ledger/set-version.ts';
import type { StoredTable } from '../stored/stored-table.ts';
import { noteAbsences } from './absences.ts';
import { applyDecisions } from './apply-decisions.ts';
import { checkRemovals } from './check-removals.ts';
import { type Decisions, decideRows, type MergeInput } from './decide-rows.ts';
import type { FileShape } from './file-shape.ts';

export interface Merge {
  readonly catalogue: Catalogue;
  readonly target: Export;
  readonly table: StoredTable;
  readonly file: FileOrder;
  readonly shape: FileShape;
  /** Other rows of the file were loaded before. */
  readonly replayed: boolean;
  readonly superseded: boolean;
  readonly removes: boolean;
  readonly period: ReadonlyMap<string, string>;
  /** Removes however much the file lacks. */
  readonly force: boolean;
}

/** Merges the staged rows into their set and what is derived from it. Throws SnapshotTooSmall and PeriodTooSmall. */
export async function mergeRows(transaction: Transaction, merge: Merge): Promise<Decisions> {
  const { catalogue, target, table, file } = merge;
  const input: MergeInput = { ...merge, write: target.write };
  const decisions = await decideRows(transaction, input);
  const absences = await noteAbsences(transaction, catalogue, { input, target, inserted: decisions.inserted });
  if (!merge.force) {
    await checkRemovals(transaction, { table, write: target.write, removed: decisions.removed });
  }
  const version = await nextVersion(transaction, table.set.name);
  const changed = decisions.inserted + decisions.updated + decisions.removed + absences.cleared > 0;
  const bulk = decisions.updated + decisions.removed > manyChanges;
  const restated = await noteAffected(transaction, catalogue, { source: table, fileTime: file.fileTime, bulk });
  await applyDecisions(transaction, {
    ...input,
    version,
    absences,
    soft: target.write.mode === 'snapshot',
    goneSince: await nextSnapshot(transaction, target, file),
  });
  if (changed) {
    await publishVersion(transaction, table.set.name, version);
  }
  if (changed || restated > 0) {
    await maintainDerived(transaction, catalogue, { source: table, version, marks: file, bulk });
  }
  return decisions;
}
