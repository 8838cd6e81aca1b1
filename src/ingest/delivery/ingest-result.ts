import { type GatewayError, operatorMessage } from '../../errors.ts';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { LoadResult } from '../load/load-file.ts';

/** A file that could not be tried to the end: it may succeed when tried again. */
export interface FailedLoad {
  readonly state: 'failed';
  readonly path: string;
  readonly error: GatewayError;
}

/** What became of one file in a container; its path is that of the container and its own behind it. */
export type MemberResult = LoadResult | FailedLoad;

/** What became of a container: `unpacked`, all that is to be loaded of it is in; `refused`, some is not, and what is comes again as known. */
export type TakenContainer =
  | {
      readonly state: 'unpacked';
      readonly path: string;
      readonly loadId: string;
      /** In whose folder it lay; null: nobody can tell. */
      readonly source: string | null;
      /** Empty where the same container was taken before. */
      readonly members: readonly MemberResult[];
      /** For people. */
      readonly message: string;
    }
  | {
      readonly state: 'refused';
      readonly path: string;
      readonly loadId: string;
      readonly error: GatewayError;
      readonly source: string | null;
      readonly export: null;
      readonly members?: readonly MemberResult[];
    };

/** A file that lies there as the ledger has it: nothing was done. */
export interface KnownFile {
  readonly state: 'known';
  readonly path: string;
  /** The load that took it. */
  readonly loadId: string;
}

export type IngestResult = LoadResult | FailedLoad | TakenContainer;

/** What became of each file that holds rows: the members of a container instead of it; itself where it could not be opened. */
export function filesOf(result: IngestResult): readonly MemberResult[] {
  if (result.state === 'unpacked') {
    return result.members;
  }
  return 'members' in result && result.members !== undefined ? result.members : [result];
}

/** What is told of a file that was tried. */
export function loadEvent(result: IngestResult): Extract<IngestEvent, { readonly event: 'load' }> {
  const message = 'error' in result ? `${result.error.code}: ${operatorMessage(result.error)}` : loadMessage(result);
  const rejected = result.state === 'loaded' ? waitingRows(result) : 0;
  const counts = result.state === 'loaded' ? result.counts : null;
  const about = { source: null, export: null, ...aboutOf(result) };
  return { event: 'load', file: result.path, outcome: result.state, ...about, counts, rejected, message };
}

/** Of what a file is, as far as somebody could tell. */
function aboutOf(result: IngestResult): { readonly source?: string | null; readonly export?: string | null } {
  if ('identified' in result) {
    const { source, name } = result.identified.export;
    return { source, export: name };
  }
  return {
    ...('source' in result ? { source: result.source } : {}),
    ...('export' in result ? { export: result.export } : {}),
  };
}

/** Rejected rows that wait for somebody: none where the export skips them. */
export const waitingRows = ({ identified, counts }: Extract<LoadResult, { readonly state: 'loaded' }>): number =>
  identified.export.files.onRowError === 'skip' ? 0 : counts.rejected;

/** Rejected rows are the news of a load that is otherwise as expected. */
function loadMessage(result: Extract<IngestResult, { readonly state: 'loaded' | 'duplicate' | 'unpacked' }>): string {
  if (result.state !== 'loaded') {
    return result.message;
  }
  const { read, rejected, removed } = result.counts;
  return [
    `${read} rows, ${rejected} rejected, ${removed} removed`,
    ...(result.message === null ? [] : [result.message]),
  ].join('; ');
}
