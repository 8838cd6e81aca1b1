import { basename } from 'node:path';
import { GatewayError } from '../../../errors.ts';
import type { LoadResult } from '../../load/load-file.ts';
import type { Outcome } from '../delivery.ts';
import type { FailedLoad, IngestResult } from '../ingest-result.ts';

/** Runs the work on one file; what is wrong with it becomes a result. Throws what affects everything: DatabaseUnavailable and StorageFull. */
export async function attempt<R extends IngestResult = LoadResult>(
  path: string,
  work: () => Promise<R>,
): Promise<R | FailedLoad> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GatewayError && error.affects === 'everything') {
      throw error;
    }
    return failed(path, error);
  }
}

function failed(path: string, error: unknown): FailedLoad {
  if (error instanceof GatewayError) {
    return { state: 'failed', path, error };
  }
  const reason = error instanceof Error ? error.message : String(error);
  const defect = new GatewayError('Internal', `${basename(path)}: ${reason}`, { target: path, cause: error });
  return { state: 'failed', path, error: defect };
}

/** What becomes of the file therefore. */
export function outcomeOf(result: IngestResult): Outcome {
  if (result.state === 'loaded' || result.state === 'duplicate' || result.state === 'unpacked') {
    return { fate: 'accepted', result };
  }
  if (result.state === 'failed' && result.error.recovery === 'retriable') {
    return { fate: 'waits', result };
  }
  return { fate: 'refused', result };
}
