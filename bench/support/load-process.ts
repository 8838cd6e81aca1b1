/** Loads one file in a process of its own, whose memory is measured: `load-process.ts <database> <file> [alone]`; `alone`: into no unified sets. */
import path from 'node:path';
import process from 'node:process';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { ingestPaths } from '../../src/ingest/delivery/ingest-paths.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { withoutUnified } from '../../test/support/without-unified.ts';
import type { Loaded } from '../workloads/ingest.ts';
import { root } from './warehouse.ts';

const [, , url = '', file = '', alone] = process.argv;
const whole = requireCatalogue(path.join(root, 'metadata'), {});
const catalogue = alone === undefined ? whole : withoutUnified(whole);
const database = await openDatabase({ connection: url });
const started = performance.now();
const { value: result } = await ingestPaths({ catalogue, database }, [file]).next();
const milliseconds = performance.now() - started;
if (result === undefined || result.state === 'failed') {
  throw new Error(JSON.stringify(result));
}
const loaded: Loaded = {
  milliseconds,
  peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1000),
  state: result.state,
};
process.send?.(loaded);
await database.close();
process.disconnect();
