import type { IngestResult } from '../../../src/ingest/delivery/ingest-result.ts';
import { ingestPaths } from '../../../src/ingest/delivery/paths/ingest-paths.ts';

/** What became of all files, once the last one was tried. */
export async function ingestAll(...given: Parameters<typeof ingestPaths>): Promise<readonly IngestResult[]> {
  const results: IngestResult[] = [];
  for await (const result of ingestPaths(...given)) {
    if (result.state !== 'known') {
      results.push(result);
    }
  }
  return results;
}
