import path from 'node:path';
import type { Config } from '../../config.ts';
import { loadedFolder, refusedFolder } from '../../ingest/delivery/put-away/put-away.ts';

/** Where the files lie that were loaded, whichever way they came. */
export function keptFolders({ dropDir, uploadDir, dataDir }: Config): readonly string[] {
  return [path.join(dropDir, loadedFolder), path.join(uploadDir, loadedFolder), path.join(dataDir, 'samples')];
}

/** Where files lie that were taken in or refused, whichever way they came: what is to be forgotten is looked for there. */
export const takenFolders = ({ dropDir, uploadDir }: Pick<Config, 'dropDir' | 'uploadDir'>): readonly string[] =>
  [dropDir, uploadDir].flatMap((root) => [loadedFolder, refusedFolder].map((folder) => path.join(root, folder)));
