import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, mkdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';

/** Bytes that a file name may have, on the file systems in use. */
const longestName = 255;

/**
 * Moves a file below a folder, keeping its path below the old one; a name that is taken gets a number. Works between
 * devices: copied first with its times, removed after. Resolves to the new path.
 */
export async function moveFile(path: string, folder: string, below: string): Promise<string> {
  const wanted = join(folder, below);
  await mkdir(dirname(wanted), { recursive: true });
  const target = await freeName(wanted);
  try {
    await rename(path, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) {
      throw error;
    }
    await copyWhole(path, target);
    await unlink(path);
  }
  return target;
}

/** A copy cut off by a full disk must not lie there as if it were the file. */
async function copyWhole(path: string, target: string): Promise<void> {
  try {
    await copyFile(path, target, constants.COPYFILE_EXCL);
    const { atime, mtime } = await stat(path);
    await utimes(target, atime, mtime);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
      await rm(target, { force: true });
    }
    throw error;
  }
}

async function freeName(wanted: string): Promise<string> {
  const ending = extname(wanted);
  const stem = wanted.slice(0, wanted.length - ending.length);
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : besideName(stem, ` (${number})${ending}`);
    if (!(await exists(name))) {
      return name;
    }
  }
}

/**
 * A path with an ending behind it. Where the name would be longer than file systems take, its end gives way to a digest of
 * it, so that two long names that begin alike stay two.
 */
export function besideName(path: string, ending: string): string {
  const name = path.slice(dirname(path).length).replace(/^[\\/]/, '');
  if (Buffer.byteLength(name + ending) <= longestName) {
    return path + ending;
  }
  const digest = `~${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
  let kept = name;
  while (Buffer.byteLength(kept + digest + ending) > longestName) {
    kept = [...kept].slice(0, -1).join('');
  }
  return join(dirname(path), kept + digest + ending);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
