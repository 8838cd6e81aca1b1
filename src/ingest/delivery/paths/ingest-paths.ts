import { examineFile } from '../../csv/file-facts.ts';
import type { IngestContext, LoadOptions } from '../../load/load-file.ts';
import { type IngestResult, type KnownFile, loadEvent } from '../ingest-result.ts';
import { attempt } from '../take/attempt.ts';
import { takeFile } from '../take/take-file.ts';
import { KnownFiles } from './known-files.ts';
import { type PathFile, type PathFiles, pathFiles } from './path-files.ts';
import { runApart } from './run-apart.ts';
import { setsOfFile } from './sets-of-file.ts';

export interface PathOptions extends LoadOptions {
  /** Files that may be loaded at once, where they touch no set in common. Default 1. */
  readonly parallel?: number;
  /** Leave files alone that the ledger has as they lie there, without another row in it. Default: they are noted as duplicates. */
  readonly resumes?: boolean;
  /** Told what is going to be tried, before it is. */
  readonly onFound?: (found: PathFiles) => void;
}

/**
 * Loads the files named and all files in the folders named, those first that speak of earlier times; what touches the same sets one after the
 * other. Files stay where they are. Stops only when the database is gone (throws DatabaseUnavailable, StorageFull).
 */
export async function* ingestPaths(
  context: IngestContext,
  paths: readonly string[],
  { parallel = 1, resumes = false, onFound, ...options }: PathOptions = {},
): AsyncGenerator<IngestResult | KnownFile, void, undefined> {
  const found = await pathFiles(context.catalogue, paths);
  onFound?.(found);
  const known = new KnownFiles(context);
  if (resumes && isPlain(options)) {
    await known.look(found.files, options.source);
  }
  yield* runApart(found.files, {
    parallel,
    keysOf: async (file) => ((await known.find(file)) === null ? setsOfFile(context, file, options) : new Set()),
    work: async (file) => (await known.find(file)) ?? ingestFile(context, file, options),
  });
}

/** Nothing is asked of the files that the ledger may have taken otherwise. */
const isPlain = ({ export: name, period, force, again }: LoadOptions): boolean =>
  name === undefined && period === undefined && force !== true && again !== true;

async function ingestFile(
  context: IngestContext,
  { path, place }: PathFile,
  options: LoadOptions,
): Promise<IngestResult> {
  const result = await attempt(path, async () => takeFile(context, await examineFile(path), { ...place, ...options }));
  options.observe?.(loadEvent(result));
  return result;
}
