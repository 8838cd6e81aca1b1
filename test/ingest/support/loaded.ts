import type { LoadResult } from '../../../src/ingest/load/load-file.ts';

/** The result of a load; throws where the file was not loaded. */
export function loaded(result: LoadResult): Extract<LoadResult, { state: 'loaded' }> {
  if (result.state === 'loaded') {
    return result;
  }
  throw new Error(result.state === 'refused' ? result.error.message : result.message);
}
