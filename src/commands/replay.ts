import { type ReplayOptions, replayRejects } from '../ingest/load/replay-rejects.ts';
import { everyone } from '../observation/observe.ts';
import { storedRowsTo } from './console.ts';
import { exitCodes } from './exit-code.ts';
import { prepare } from './migrate.ts';
import { catalogueOf, type Surroundings, withExistingWarehouse } from './surroundings.ts';

/** `gateway replay`: tries the rejected rows again, after the metadata was corrected. 2 when some are still rejected. */
export async function replayCommand(surroundings: Surroundings, options: ReplayOptions): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  return withExistingWarehouse(surroundings, async ({ database }) => {
    await prepare(database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(surroundings.print)) });
    const results = await replayRejects({ catalogue, database }, options);
    for (const { loadId, fileName, tried, replayed, removed } of results) {
      surroundings.print(`load ${loadId} (${fileName}): ${replayed} of ${tried} rows taken in, ${removed} removed`);
    }
    if (results.length === 0) {
      surroundings.print('There is no rejected row to replay.');
    }
    return results.some(({ tried, replayed }) => replayed < tried) ? exitCodes.partial : exitCodes.ok;
  });
}
