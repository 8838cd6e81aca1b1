import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ArchiveWriter } from './archive-writer.ts';
import type { KeptFile } from './manifest.ts';

/** Plain files below folders of `root`, by their path with `/`; a folder that is not there has none. Links are left out. */
export async function filesBelow(root: string, folders: readonly string[] = ['']): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const entries = await readdir(path.join(root, folder), { withFileTypes: true, recursive: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') {
          return [];
        }
        throw error;
      },
    );
    for (const entry of entries) {
      if (entry.isFile()) {
        found.push(path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
      }
    }
  }
  return found.sort();
}

/** Takes files into a backup. One that has gone since it was listed is left out: somebody tidied up. */
export async function addFiles(
  archive: ArchiveWriter,
  files: { readonly root: string; readonly paths: readonly string[]; readonly as: string },
): Promise<readonly KeptFile[]> {
  const kept: KeptFile[] = [];
  for (const below of files.paths) {
    const handle = await open(path.join(files.root, below), 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        return null;
      }
      throw error;
    });
    if (handle === null) {
      continue;
    }
    const { mtime } = await handle.stat();
    const content = createReadStream('', { fd: handle });
    const part = await archive.add(`${files.as}/${partName(below)}`, content, mtime);
    kept.push({ ...part, path: below, modified: mtime.toISOString() });
  }
  return kept;
}

/** A backslash is a separator to readers of ZIP files, whatever the system is. */
const partName = (below: string): string => below.replaceAll('%', '%25').replaceAll('\\', '%5C');
