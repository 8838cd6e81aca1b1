import { operatorMessage } from '../errors.ts';
import { filesOf, type IngestResult, type KnownFile, waitingRows } from '../ingest/delivery/ingest-result.ts';
import { ingestPaths } from '../ingest/delivery/paths/ingest-paths.ts';
import { removeLeftSpools } from '../ingest/delivery/take/left-spools.ts';
import type { IngestContext } from '../ingest/load/load-file.ts';
import type { Observation } from '../observation/observation.ts';
import { everyone, type Observe } from '../observation/observe.ts';
import { prepare } from './migrate.ts';
import { spoolFolders } from './serving/deliveries.ts';
import { withLoads } from './serving/open-loads.ts';
import { progressOf, storedRowsTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { IngestProgress } from './support/ingest-progress.ts';
import { catalogueOf, type Surroundings, withWarehouse } from './support/surroundings.ts';

export interface IngestFlags {
  readonly source?: string;
  readonly export?: string;
  readonly period?: string;
  readonly force?: boolean;
  readonly again?: boolean;
  readonly parallel?: number;
}

/** Of more files only those are named of which there is something to say. */
const namedFiles = 20;
/** Each load has a connection to PostgreSQL of its own, and there are so many. */
export const mostAtOnce = 6;

/** `gateway ingest`: loads files and folders. 2 when a file was refused or a row rejected, 1 when a file failed. */
export async function ingestCommand(
  surroundings: Surroundings,
  paths: readonly string[],
  { parallel = 1, ...flags }: IngestFlags,
): Promise<number> {
  const { config, print } = surroundings;
  const catalogue = catalogueOf(surroundings);
  return withWarehouse(surroundings, async (warehouse) => {
    await prepare(warehouse.database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(print)) });
    await removeLeftSpools(spoolFolders(config));
    return withLoads(warehouse, surroundings, (database) => ingestAll({ catalogue, database, limits: config.unpack }));
  });

  async function ingestAll(context: IngestContext): Promise<number> {
    let progress = new IngestProgress([], () => performance.now());
    let code: number = exitCodes.ok;
    const options = { ...flags, parallel, resumes: true };
    const results = ingestPaths(context, paths, {
      ...options,
      observe: everyone(
        surroundings.observe,
        fileProgress(surroundings, () => progress),
      ),
      onFound: ({ files, passedOver }) => {
        progress = new IngestProgress(files, () => performance.now());
        for (const { below, message } of passedOver) {
          print(`${below}: left alone: ${message}`);
        }
      },
    });
    for await (const result of results) {
      progress.note(result);
      code = worse(code, ingestExitCode(result));
      surroundings.progress('');
      if (progress.total <= namedFiles || isNews(result)) {
        resultLines(result).forEach(print);
      }
      tell(surroundings, progress);
    }
    surroundings.progress('');
    if (progress.total === 0) {
      print('There was no file to load.');
    } else if (progress.total > 1) {
      progress.summary().forEach(print);
    }
    return code;
  }
}

/** Of many files the line says how far all of them are, of few how far the one at hand is. */
function fileProgress(surroundings: Surroundings, progress: () => IngestProgress): Observe<Observation> {
  const ofFile = progressOf(surroundings);
  return (one) => {
    if (progress().total <= namedFiles) {
      ofFile(one);
    } else if (one.event === 'load-progress') {
      tell(surroundings, progress());
    }
  };
}

function tell({ progress, print, isTerminal }: Surroundings, of: IngestProgress): void {
  if (of.total <= namedFiles) {
    return;
  }
  if (isTerminal === true) {
    progress(of.line());
    return;
  }
  const line = of.due();
  if (line !== null) {
    print(line);
  }
}

/** Whether somebody wants to read of this one among thousands. */
function isNews(result: IngestResult | KnownFile): boolean {
  if (result.state === 'known' || result.state === 'duplicate') {
    return false;
  }
  if (result.state === 'loaded') {
    return waitingRows(result) > 0 || result.message !== null;
  }
  return result.state !== 'unpacked' || result.members.some(isNews);
}

/** What became of one file, in one line and a few more where something is to be done. */
export function resultLines(result: IngestResult | KnownFile): readonly string[] {
  switch (result.state) {
    case 'known':
      return [
        `${result.path}: not loaded again: it lies there as load ${result.loadId} took it; --again loads it anew`,
      ];
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

/** What the command ends with for one file: 2 when it was refused or a row rejected, 1 when it failed. */
export function ingestExitCode(result: IngestResult | KnownFile): number {
  const results = result.state === 'known' ? [] : [result, ...filesOf(result)];
  if (results.some(({ state }) => state === 'failed')) {
    return exitCodes.failed;
  }
  const partial = results.some((one) => one.state === 'refused' || (one.state === 'loaded' && waitingRows(one) > 0));
  return partial ? exitCodes.partial : exitCodes.ok;
}

const worse = (a: number, b: number): number =>
  [exitCodes.failed, exitCodes.partial].find((code) => code === a || code === b) ?? exitCodes.ok;
