import { type GatewayError, operatorMessage } from '../../errors.ts';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { LoadResult } from '../load/load-file.ts';

/** A file that could not be tried to the end: it may succeed when tried again. */
export interface FailedLoad {
  readonly state: 'failed';
  readonly path: string;
  readonly error: GatewayError;
}

export type IngestResult = LoadResult | FailedLoad;

/** What is told of a file that was tried. */
export function loadEvent(result: IngestResult): Extract<IngestEvent, { readonly event: 'load' }> {
  const message = 'error' in result ? `${result.error.code}: ${operatorMessage(result.error)}` : loadMessage(result);
  const rejected = result.state === 'loaded' ? result.counts.rejected : 0;
  return { event: 'load', file: result.path, outcome: result.state, rejected, message };
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
