import path from 'node:path';
import { pruneArchives } from '../archive/prune-archives.ts';
import { type Pruned, prune } from '../ingest/prune/prune.ts';
import { everyone } from '../observation/observe.ts';
import { prepare } from './migrate.ts';
import { takenFolders } from './serving/kept-folders.ts';
import { storedRowsTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withExistingWarehouse } from './support/surroundings.ts';

/** `gateway prune`: removes what is older than the metadata has it kept. */
export async function pruneCommand(
  surroundings: Surroundings,
  { dryRun = false }: { readonly dryRun?: boolean },
): Promise<number> {
  const { config, print } = surroundings;
  const catalogue = catalogueOf(surroundings);
  return withExistingWarehouse(surroundings, async ({ database }) => {
    await prepare(database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(print)) });
    const now = new Date();
    const archived = await pruneArchives(database, catalogue, { now, dryRun });
    const pruned = await prune(database, catalogue, { folders: takenFolders(config), now, dryRun });
    const sets = new Map([...archived, ...pruned.sets]);
    prunedLines({ ...pruned, sets }, { dropDir: config.dropDir, dryRun }).forEach(print);
    return exitCodes.ok;
  });
}

/** What a run removed, or would, for whoever typed the command. */
export function prunedLines(
  { sets, rejects, files }: Pruned,
  { dropDir, dryRun }: { readonly dropDir: string; readonly dryRun: boolean },
): readonly string[] {
  const done = dryRun ? 'to remove' : 'removed';
  const lines = [
    ...[...sets].map(([set, { removed, since }]) => `${set}: ${removed} rows before ${since.slice(0, 10)} ${done}`),
    ...(rejects === 0 ? [] : [`texts of rejected rows and samples ${done}: ${rejects}`]),
    ...files.map((file) => `${path.relative(dropDir, file)}: ${done}`),
  ];
  return lines.length === 0 ? ['Nothing is older than it is kept.'] : lines;
}
