import path from 'node:path';
import type { Config } from '../config.ts';
import { loadedFolder } from '../ingest/delivery/put-away.ts';

/** Where the files lie that were loaded, whichever way they came. */
export function keptFolders({ dropDir, uploadDir, dataDir }: Config): readonly string[] {
  return [path.join(dropDir, loadedFolder), path.join(uploadDir, loadedFolder), path.join(dataDir, 'samples')];
}
