import { readdir, rm, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { AgedFiles } from '../ledger/prunings.ts';

/** The number that a second file of a name got behind it, see `moveFile`. */
const unnumbered = (below: string): string => below.replace(/ \(\d+\)(\.[^./]*)?$/, '$1');

/**
 * Finds the old files below the folders by the paths and lengths that the ledger has, with the reasons beside them. Others stay: nobody
 * knows how old they are. One that came with a number behind its name is no second file of another name.
 */
export async function keptFilesOf(
  folders: readonly string[],
  { old, numbered }: AgedFiles,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of old.size === 0 ? [] : folders) {
    const root = resolve(folder);
    const entries = await readdir(root, { withFileTypes: true, recursive: true }).catch(() => []);
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const below = relative(root, path).split(sep).join('/');
      // Gone since: somebody took it away.
      const size = (await stat(path).catch(() => null))?.size;
      if (size === undefined) {
        continue;
      }
      const cameSo = numbered.get(below)?.has(size) === true;
      if (old.get(below)?.has(size) === true || (!cameSo && old.get(unnumbered(below))?.has(size) === true)) {
        found.push(path);
      }
    }
  }
  return found;
}

export async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await rm(path, { force: true });
    await rm(`${path}.reason.txt`, { force: true });
  }
}
