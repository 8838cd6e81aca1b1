import type { Catalogue } from '../../catalogue/catalogue.ts';
import { keptSince } from '../../catalogue/retention.ts';
import type { Database } from '../../warehouse/database.ts';
import { agedFiles, countOldTexts, notePruning, type OldLoads, removeOldTexts } from '../ledger/prunings.ts';
import { keptFilesOf, removeFiles } from './prune-files.ts';
import { pruneRows } from './prune-rows.ts';

export interface PruneOptions {
  /** `loaded/` and `refused/` of the drop folder and of uploads. */
  readonly folders: readonly string[];
  readonly now: Date;
  /** Only counted. */
  readonly dryRun: boolean;
}

/** What is kept no longer. */
export interface Pruned {
  /** By set, those with none left out; `since`: ISO text of the first moment that is kept. */
  readonly sets: ReadonlyMap<string, { readonly removed: number; readonly since: string }>;
  /** Texts of rejected rows and samples. */
  readonly rejects: number;
  readonly files: readonly string[];
}

/**
 * Removes what is older than the metadata has it kept: rows, what only they named in derived sets, texts of rejected rows, kept files. One
 * transaction for each export, in which its loads wait. A run that removed something has a row in `gateway.pruning`. Throws what was wrong first,
 * once all the others are done.
 */
export async function prune(
  database: Database,
  catalogue: Catalogue,
  { folders, now, dryRun }: PruneOptions,
): Promise<Pruned> {
  const sets = new Map<string, { readonly removed: number; readonly since: string }>();
  let rejects = 0;
  const failures: unknown[] = [];
  const texts = async (old: OldLoads): Promise<number> =>
    dryRun ? countOldTexts(database, old) : removeOldTexts(database, old);
  for (const target of catalogue.exports) {
    if (target.retention === null) {
      continue;
    }
    const since = keptSince(target.retention.keep, now).toISOString();
    try {
      const removed = await database.transaction((transaction) =>
        pruneRows(transaction, catalogue, { target, since, dryRun }),
      );
      if (removed > 0) {
        sets.set(target.set, { removed, since });
      }
      rejects += await texts({ source: target.source, export: target.name, before: since });
    } catch (error) {
      // What is wrong with one keeps nothing of the others.
      failures.push(error);
    }
  }
  const files: string[] = [];
  for (const { name: source, retention } of catalogue.sources.values()) {
    const before = (kept: Parameters<typeof keptSince>[0]): string => keptSince(kept, now).toISOString();
    if (retention?.rejects != null) {
      rejects += await texts({ source, export: null, before: before(retention.rejects) });
    }
    if (retention?.files != null) {
      files.push(
        ...(await keptFilesOf(folders, await agedFiles(database, { source, before: before(retention.files) }))),
      );
    }
  }
  if (!dryRun && sets.size + rejects + files.length > 0) {
    try {
      await removeFiles(files);
    } finally {
      // The rows are gone, whatever became of the files.
      await notePruning(database, { sets: Object.fromEntries(sets), rejects, files: files.length });
    }
  }
  if (failures.length > 0) {
    throw failures[0];
  }
  return { sets, rejects, files };
}
