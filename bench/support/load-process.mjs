/**
 * Loads one file in a process of its own, whose memory is measured: `load-process.mjs <database> <file> [alone]`; `alone`: into no unified sets.
 * It runs the compiled program, as `npm start` and the container do: a compiler in the process takes some 45 MB.
 */
import path from 'node:path';
import process from 'node:process';
import { requireCatalogue } from '../../dist/catalogue/read-metadata.js';
import { ingestPaths } from '../../dist/ingest/delivery/ingest-paths.js';
import { openDatabase } from '../../dist/warehouse/postgres-database.js';

const [, , url = '', file = '', alone] = process.argv;
const whole = requireCatalogue(path.resolve(import.meta.dirname, '../../metadata'), {});
const catalogue = alone === undefined ? whole : withoutUnified(whole);
const database = await openDatabase({ connection: url });
const atStart = megabytes();
const timeAtStart = processorTime();
const started = performance.now();
const { value: result } = await ingestPaths({ catalogue, database }, [file]).next();
const milliseconds = performance.now() - started;
if (result === undefined || result.state === 'failed') {
  throw new Error(JSON.stringify(result));
}
process.send?.({
  milliseconds,
  startMegabytes: atStart,
  peakMegabytes: megabytes(),
  processorTime: processorTime() - timeAtStart,
  state: result.state,
  ...(result.state === 'loaded' ? { read: result.counts.read, inserted: result.counts.inserted } : {}),
});
await database.close();
process.disconnect();

/** Highest resident memory so far. */
function megabytes() {
  return Math.round(process.resourceUsage().maxRSS / 1000);
}

/** Milliseconds so far. */
function processorTime() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1000;
}

/** The catalogue without the sets that speak of all sources: a load makes no rows of theirs. */
function withoutUnified(given) {
  const sets = [...given.sets].filter(
    ([, set]) => set.kind !== 'stored' || set.role !== 'derived' || given.sources.get(set.source)?.kind !== 'builtin',
  );
  return { ...given, sets: new Map(sets) };
}
