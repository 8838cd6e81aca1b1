import { type ReplayOptions, type ReplayResult, replayRejects } from '../../ingest/load/replay-rejects.ts';
import { everyone } from '../../observation/observe.ts';
import { prepare } from '../migrate.ts';
import { withLoads } from '../serving/open-loads.ts';
import { storedRowsTo } from '../support/console.ts';
import { exitCodes } from '../support/exit-code.ts';
import { catalogueOf, type Surroundings, withExistingWarehouse } from '../support/surroundings.ts';

/** `gateway replay`: tries the rejected rows again, after the metadata was corrected. 2 when some are still rejected, 1 when none of those named is open. */
export async function replayCommand(surroundings: Surroundings, options: ReplayOptions): Promise<number> {
  const catalogue = catalogueOf(surroundings);
  return withExistingWarehouse(surroundings, async (warehouse) => {
    await prepare(warehouse.database, catalogue, {
      observe: everyone(surroundings.observe, storedRowsTo(surroundings.print)),
    });
    const results = await withLoads(warehouse, surroundings, (database) =>
      replayRejects({ catalogue, database }, options),
    );
    for (const result of results) {
      replayLines(result).forEach(surroundings.print);
    }
    const { rejectIds } = options;
    if (results.length === 0 && rejectIds !== undefined) {
      const ids = rejectIds.join(' ');
      surroundings.print(`None of these rows is open: gateway rejects ${ids} says what became of them.`);
      return exitCodes.failed;
    }
    if (results.length === 0) {
      surroundings.print('There is no rejected row to replay.');
    }
    return results.some(({ asked, replayed }) => replayed < asked) ? exitCodes.partial : exitCodes.ok;
  });
}

function replayLines({ loadId, fileName, asked, tried, replayed, removed }: ReplayResult): readonly string[] {
  return [
    `load ${loadId} (${fileName}): ${replayed} of ${asked} rows taken in, ${removed} removed`,
    ...(tried === replayed ? [] : [`  ${tried - replayed} rejected again: gateway rejects --load ${loadId} says why`]),
    ...(asked === tried
      ? []
      : [
          `  ${asked - tried} cannot be read again from what is kept: load the corrected file, or gateway dismiss them`,
        ]),
  ];
}
