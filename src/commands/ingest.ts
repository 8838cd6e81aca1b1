import { operatorMessage } from '../errors.ts';
import { ingestPaths } from '../ingest/delivery/ingest-paths.ts';
import { filesOf, type IngestResult, waitingRows } from '../ingest/delivery/ingest-result.ts';
import { everyone } from '../observation/observe.ts';
import { progressOf, storedRowsTo } from './console.ts';
import { exitCodes } from './exit-code.ts';
import { prepare } from './migrate.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './surroundings.ts';

export interface IngestFlags {
  readonly source?: string;
  readonly export?: string;
  readonly period?: string;
  readonly force?: boolean;
  readonly again?: boolean;
}

/** `gateway ingest`: loads files and folders. 2 when a file was refused or a row rejected, 1 when a file failed. */
export async function ingestCommand(
  surroundings: Surroundings,
  paths: readonly string[],
  flags: IngestFlags,
): Promise<number> {
  const { config } = surroundings;
  const catalogue = catalogueOf(surroundings);
  return withWarehouse(surroundings, async ({ database }) => {
    await prepare(database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(surroundings.print)) });
    const results: IngestResult[] = [];
    const observe = everyone(surroundings.observe, progressOf(surroundings));
    for await (const result of ingestPaths({ catalogue, database, limits: config.unpack }, paths, {
      ...flags,
      observe,
    })) {
      results.push(result);
      surroundings.progress('');
      resultLines(result).forEach(surroundings.print);
    }
    if (results.length === 0) {
      surroundings.print('There was no file to load.');
    }
    return outcome(results);
  });
}

/** What became of one file, in one line and a few more where something is to be done. */
export function resultLines(result: IngestResult): readonly string[] {
  switch (result.state) {
    case 'loaded': {
      const { counts, identified, message, drift, again } = result;
      const parts = [
        `${counts.inserted} new`,
        `${counts.updated} changed`,
        `${counts.unchanged} the same`,
        `${counts.rejected} rejected`,
        `${counts.duplicate} repeated`,
        `${counts.removed} removed`,
      ];
      return [
        `${result.path}: loaded into ${identified.export.set} as load ${result.loadId}${again === null ? '' : `, again after load ${again}`}: ${counts.read} rows, ${parts.join(', ')}`,
        ...drift.map(({ kind, header }) =>
          kind === 'unknown'
            ? `  unknown column, kept in Extras: ${header}`
            : `  missing column, stored values stay: ${header}`,
        ),
        ...(message === null ? [] : [`  ${message}`]),
        ...(waitingRows(result) === 0
          ? []
          : [
              `  rejected rows are kept: gateway rejects --load ${result.loadId} says why and what to do, as LoadRejects of the feed does; once the metadata is right, gateway replay takes them in`,
            ]),
      ];
    }
    case 'duplicate':
      return [`${result.path}: not loaded again: ${result.message}; --again loads them anew`];
    case 'unpacked':
      return [...result.members.flatMap(resultLines), `${result.path}: unpacked: ${result.message}`];
    default:
      return [
        ...('members' in result ? (result.members ?? []) : []).flatMap(resultLines),
        `${result.path}: ${result.state}: ${result.error.code}: ${operatorMessage(result.error)}`,
        ...result.error.details.map((line) => `  ${line}`),
        `  ${result.error.remedy}`,
      ];
  }
}

function outcome(tried: readonly IngestResult[]): number {
  const results = tried.flatMap((one) => [one, ...filesOf(one)]);
  if (results.some(({ state }) => state === 'failed')) {
    return exitCodes.failed;
  }
  const partial = results.some(
    (result) => result.state === 'refused' || (result.state === 'loaded' && waitingRows(result) > 0),
  );
  return partial ? exitCodes.partial : exitCodes.ok;
}
