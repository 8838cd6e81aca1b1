import { type ExportSummary, exportSummaries, openRejectCounts } from '../ingest/ledger/load-summary.ts';
import { exitCodes } from './exit-code.ts';
import { type Surroundings, withExistingWarehouse } from './surroundings.ts';

function sourceLine({ name, loads, rows, removed, refused, failed, last }: ExportSummary): string {
  const loaded = name === null ? [] : [`${loads} loads`, `${rows} new rows`];
  const others = [
    ...(removed === '0' ? [] : [`${removed} removed`]),
    ...(refused === '0' ? [] : [`${refused} refused`]),
    ...(failed === '0' ? [] : [`${failed} failed`]),
    ...(last === null ? [] : [`last ${last}`]),
  ];
  return `${name ?? 'files of no known export'}: ${[...loaded, ...others].join(', ')}`;
}

/**
 * `gateway status`: what was loaded, what waits for somebody. 2 when rejected rows are open, 1 where there is no warehouse.
 * Only reads: it makes and changes nothing.
 */
export async function statusCommand(surroundings: Surroundings): Promise<number> {
  return withExistingWarehouse(surroundings, async ({ database }) => {
    const summaries = await exportSummaries(database);
    if (summaries.length === 0) {
      surroundings.print('Nothing was loaded yet.');
    }
    for (const summary of summaries) {
      surroundings.print(sourceLine(summary));
    }
    const open = await openRejectCounts(database);
    for (const { code, n } of open) {
      surroundings.print(`rejected rows to look at: ${n} ${code}`);
    }
    return open.length === 0 ? exitCodes.ok : exitCodes.partial;
  });
}
