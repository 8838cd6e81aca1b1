import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { operatorMessage } from '../errors.ts';
import { type IngestResult, ingestPaths } from '../ingest/delivery/ingest-paths.ts';
import type { Observe } from '../observation.ts';
import { writeSamples } from '../samples/write-samples.ts';
import type { Database } from '../warehouse/database.ts';
import type { Surroundings } from './surroundings.ts';

interface Filling {
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly observe: Observe;
}

/**
 * A first look at the feed without files of one's own: only where nothing was ever loaded, or where a first start was
 * ended in the middle of its samples; the files it had loaded are known by their bytes.
 */
export async function fillWithSamples({ print, config }: Surroundings, filling: Filling): Promise<void> {
  const { catalogue, database, observe } = filling;
  const { rows } = await database.query('SELECT 1 FROM gateway.load LIMIT 1');
  const begun = path.join(config.dataDir, 'samples.begun');
  if (rows.length > 0 && !existsSync(begun)) {
    return;
  }
  await mkdir(config.dataDir, { recursive: true });
  await writeFile(begun, '');
  // They stay there: `gateway rebuild` needs the files that rows came from, samples or not.
  const folder = path.join(config.dataDir, 'samples');
  await rm(folder, { recursive: true, force: true });
  const report = await writeSamples(catalogue, folder);
  const results = await ingestPaths({ catalogue, database }, [folder]);
  await rm(begun);
  const loaded = results.filter(({ state }) => state === 'loaded').length;
  print(`SAMPLES: the warehouse was empty, so ${loaded} made-up sample files with ${report.rows} rows were loaded.`);
  print('To start empty, stop, remove the data folder (or use another database), and start with SAMPLES=off.');
  for (const result of results) {
    if (result.state === 'failed' || result.state === 'refused') {
      observeLoad(observe, result);
    }
  }
  observe({ event: 'samples-loaded', rows: report.rows });
}

export function observeLoad(observe: Observe, result: IngestResult): void {
  const message = 'error' in result ? `${result.error.code}: ${operatorMessage(result.error)}` : loadMessage(result);
  const rejected = result.state === 'loaded' ? result.counts.rejected : 0;
  observe({ event: 'load', file: result.path, outcome: result.state, rejected, message });
}

/** Rejected rows are the news of a load that is otherwise as expected. */
function loadMessage(result: Extract<IngestResult, { readonly state: 'loaded' | 'duplicate' }>): string {
  if (result.state === 'duplicate') {
    return result.message;
  }
  const { read, rejected, removed } = result.counts;
  return [
    `${read} rows, ${rejected} rejected, ${removed} removed`,
    ...(result.message === null ? [] : [result.message]),
  ].join('; ');
}
