import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArchiveReader } from './archive-reader.ts';
import type { KeptFile } from './manifest.ts';

/** How many files were written, and those that were there already: with the same bytes, or with others, which stay. */
export interface RestoredFiles {
  readonly written: number;
  readonly same: number;
  /** Paths below the folder. */
  readonly differ: readonly string[];
}

/**
 * Writes files of a backup below a folder, with their times, since the order of files may rest on them. Nothing is overwritten. Each
 * file gets its name when it is whole.
 */
export async function restoreFiles(
  archive: ArchiveReader,
  files: readonly KeptFile[],
  root: string,
): Promise<RestoredFiles> {
  let written = 0;
  let same = 0;
  const differ: string[] = [];
  for (const file of files) {
    const target = path.join(root, ...file.path.split('/'));
    const there = await digestOf(target);
    if (there === null) {
      await write(archive, file, target);
      written += 1;
    } else if (there === file.sha256) {
      same += 1;
    } else {
      differ.push(file.path);
    }
  }
  return { written, same, differ };
}

/** Whether a folder has exactly these files. */
export async function hasAll(files: readonly KeptFile[], root: string): Promise<boolean> {
  for (const file of files) {
    if ((await digestOf(path.join(root, ...file.path.split('/')))) !== file.sha256) {
      return false;
    }
  }
  return true;
}

async function write(archive: ArchiveReader, file: KeptFile, target: string): Promise<void> {
  const partial = `${target}.partial`;
  await mkdir(path.dirname(target), { recursive: true });
  try {
    await pipeline(Readable.from(archive.content(file), { objectMode: false }), createWriteStream(partial));
    const time = new Date(file.modified);
    await utimes(partial, time, time);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** null: there is no such file. */
async function digestOf(file: string): Promise<string | null> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return null;
    }
    throw error;
  });
  if (found === null) {
    return null;
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
