import { stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { examineFile } from '../csv/file-facts.ts';
import type { IngestContext, LoadOptions } from '../load/load-file.ts';
import { attempt } from './attempt.ts';
import { findFiles } from './find-files.ts';
import { type IngestResult, loadEvent } from './ingest-result.ts';
import { placeOf } from './source-folders.ts';
import { takeFile } from './take-file.ts';

/**
 * Loads the files named and all files in the folders named, oldest first, one after the other; a folder directly below
 * a folder named may name the source. Files stay where they are. Stops only when the database is gone (throws DatabaseUnavailable).
 */
export async function* ingestPaths(
  context: IngestContext,
  paths: readonly string[],
  options: LoadOptions = {},
): AsyncGenerator<IngestResult, void, undefined> {
  for (const path of paths) {
    for await (const [file, place] of filesOf(context, path)) {
      const result = await attempt(file, async () =>
        takeFile(context, await examineFile(file), { ...place, ...options }),
      );
      options.observe?.(loadEvent(result));
      yield result;
    }
  }
}

async function* filesOf(context: IngestContext, path: string): AsyncGenerator<readonly [string, LoadOptions]> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory() !== true) {
    yield [path, { directory: dirname(resolve(path)).split(sep).join('/') }];
    return;
  }
  const outer = resolve(path).split(sep).join('/');
  const { files } = await findFiles(path, { catalogue: context.catalogue });
  for (const file of files) {
    const place = placeOf(file.below, context.catalogue);
    yield [
      file.path,
      { ...place, below: file.below, directory: [outer, place.directory].filter((part) => part !== '').join('/') },
    ];
  }
}
