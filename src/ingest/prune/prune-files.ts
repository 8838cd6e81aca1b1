import { readdir, rm, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

/** The number that a second file of a name got behind it, see `moveFile`. */
const unnumbered = (below: string): string => below.replace(/ \(\d+\)(\.[^./]*)?$/, '$1');

/**
 * Finds the files below the folders that the ledger has under these paths and lengths, with the reasons beside them. Others stay: nobody
 * knows how old they are.
 */
export async function keptFilesOf(
  folders: readonly string[],
  old: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of old.size === 0 ? [] : folders) {
    const root = resolve(folder);
    const entries = await readdir(root, { withFileTypes: true, recursive: true }).catch(() => []);
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const below = relative(root, path).split(sep).join('/');
      const lengths = old.get(below) ?? old.get(unnumbered(below));
      // Gone since: somebody took it away.
      const size = (await stat(path).catch(() => null))?.size;
      if (size !== undefined && lengths?.has(size) === true) {
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
