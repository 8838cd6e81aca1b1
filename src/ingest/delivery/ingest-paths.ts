import { stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { type IngestContext, type LoadOptions, type LoadResult, loadFile } from '../load/load-file.ts';
import { findFiles } from './find-files.ts';
import { placeOf } from './source-folders.ts';

/** A file that could not be tried to the end: it may succeed when tried again. */
export interface FailedLoad {
  readonly state: 'failed';
  readonly path: string;
  readonly error: GatewayError;
}

export type IngestResult = LoadResult | FailedLoad;

export interface IngestPathsOptions extends LoadOptions {
  readonly onResult?: (result: IngestResult) => void;
  /** Told what lies in a folder and cannot be loaded as it lies there. */
  readonly onPassedOver?: (below: string, message: string) => void;
}

/**
 * Loads the files named and all files in the folders named, oldest first, one after the other; a folder directly below
 * a folder named may name the source. Files stay where they are. Stops only when the database is gone (throws DatabaseUnavailable).
 */
export async function ingestPaths(
  context: IngestContext,
  paths: readonly string[],
  options: IngestPathsOptions = {},
): Promise<readonly IngestResult[]> {
  const results: IngestResult[] = [];
  for (const path of paths) {
    for await (const [file, place] of filesOf(context, path, options.onPassedOver)) {
      const result = await tryLoad(context, file, { ...place, ...options });
      results.push(result);
      options.onResult?.(result);
    }
  }
  return results;
}

/** Nothing of the file is at fault: all of them wait. */
const mayPass: ReadonlySet<string> = new Set<GatewayError['code']>(['DatabaseUnavailable', 'StorageFull']);

/** Loads one file; what is wrong with it becomes a result. Throws DatabaseUnavailable and StorageFull. */
export async function tryLoad(context: IngestContext, path: string, options: LoadOptions): Promise<IngestResult> {
  try {
    return await loadFile(context, path, options);
  } catch (error) {
    if (error instanceof GatewayError && mayPass.has(error.code)) {
      throw error;
    }
    if (error instanceof GatewayError) {
      return { state: 'failed', path, error };
    }
    const reason = error instanceof Error ? error.message : String(error);
    return {
      state: 'failed',
      path,
      error: new GatewayError('Internal', `${basename(path)}: ${reason}`, { target: path, cause: error }),
    };
  }
}

async function* filesOf(
  context: IngestContext,
  path: string,
  onPassedOver?: (below: string, message: string) => void,
): AsyncGenerator<readonly [string, LoadOptions]> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory() !== true) {
    yield [path, { directory: dirname(resolve(path)).split(sep).join('/') }];
    return;
  }
  const outer = resolve(path).split(sep).join('/');
  const { files, passedOver } = await findFiles(path, { catalogue: context.catalogue });
  for (const { below, message } of passedOver) {
    onPassedOver?.(below, message);
  }
  for (const file of files) {
    const place = placeOf(file.below, context.catalogue);
    yield [
      file.path,
      { ...place, below: file.below, directory: [outer, place.directory].filter((part) => part !== '').join('/') },
    ];
  }
}
