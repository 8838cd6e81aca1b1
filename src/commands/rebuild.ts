import { rebuildSets } from '../ingest/rebuild/rebuild-sets.ts';
import { everyone } from '../observation/observe.ts';
import { migrate } from '../warehouse/migrate.ts';
import { prepare } from './migrate.ts';
import { keptFolders } from './serving/kept-folders.ts';
import { progressOf, storedRowsTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './support/surroundings.ts';

export interface RebuildFlags {
  /** Folders in which files of earlier loads may lie. */
  readonly from?: readonly string[];
}

/** `gateway rebuild`: makes sets anew from the files that were loaded into them. 2 when rows were rejected. */
export async function rebuildCommand(
  surroundings: Surroundings,
  sets: readonly string[],
  { from = [] }: RebuildFlags,
): Promise<number> {
  const { config, print, progress } = surroundings;
  const catalogue = catalogueOf(surroundings);
  const folders = [...keptFolders(config), ...from];
  return withWarehouse(surroundings, async ({ database }) => {
    await migrate(database);
    const rebuilt = await rebuildSets({
      database,
      catalogue,
      sets,
      folders,
      observe: everyone(surroundings.observe, progressOf(surroundings)),
    });
    progress('');
    for (const { set, files, rows, rejected } of rebuilt) {
      const from_ =
        files === 0 ? '' : ` from ${files} ${files === 1 ? 'file' : 'files'}: ${rows} rows, ${rejected} rejected`;
      print(`${set}: made anew${from_}`);
    }
    await prepare(database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(print)) });
    const replaced = rebuilt.filter((one) => one.replaced).map((one) => one.set);
    if (replaced.length > 0) {
      print(
        `${replaced.join(', ')}: read with the metadata of now only. A gateway that is running does not: restart it.`,
      );
    }
    return rebuilt.some(({ rejected }) => rejected > 0) ? exitCodes.partial : exitCodes.ok;
  });
}
