import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, chmod, copyFile, lstat, mkdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Bytes that a file name may have, on the file systems in use. */
const longestName = 255;

/** Read and written by the user of the gateway alone. */
const ours = 0o600;

/**
 * Moves a file below a folder, keeping its path below the old one; a name that is taken gets a number, unless the same bytes lie there: these stay, and the
 * file goes. Works between devices: copied first with its times, removed after. Whoever delivered it, from then on the file is ours alone (0600).
 * Resolves to the new path.
 */
export async function moveFile(path: string, folder: string, below: string): Promise<string> {
  const wanted = join(folder, below);
  await mkdir(dirname(wanted), { recursive: true, mode: 0o700 });
  const { target, isThere } = await placeFor(path, wanted);
  if (isThere) {
    await unlink(path);
    return target;
  }
  try {
    await rename(path, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) {
      throw error;
    }
    await copyWhole(path, target);
    await unlink(path);
    return target;
  }
  await makeOurs(target);
  return target;
}

/** A file that somebody else delivered stays theirs when it is renamed, and only its owner may change its mode: then our copy takes its place. */
async function makeOurs(file: string): Promise<void> {
  try {
    await chmod(file, ours);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) {
      throw error;
    }
    const copy = besideName(file, `.${randomUUID()}`);
    await copyWhole(file, copy);
    await rename(copy, file);
  }
}

/** A copy cut off by a full disk must not lie there as if it were the file. */
async function copyWhole(path: string, target: string): Promise<void> {
  try {
    await copyFile(path, target, constants.COPYFILE_EXCL);
    await chmod(target, ours);
    const { atime, mtime } = await stat(path);
    await utimes(target, atime, mtime);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
      await rm(target, { force: true });
    }
    throw error;
  }
}

/** A name that is free, or that the same bytes have: who sends a file each day keeps one copy of it, not a thousand. */
async function placeFor(path: string, wanted: string): Promise<{ readonly target: string; readonly isThere: boolean }> {
  const ending = extname(wanted);
  const stem = wanted.slice(0, wanted.length - ending.length);
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : besideName(stem, ` (${number})${ending}`);
    if (!(await exists(name))) {
      return { target: name, isThere: false };
    }
    // What cannot be compared is another file.
    if (await areSame(path, name).catch(() => false)) {
      return { target: name, isThere: true };
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

/** Two files, neither of them a link to the other. */
async function areSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one), lstat(other)]);
  return (
    a.isFile() && b.isFile() && a.ino !== b.ino && a.size === b.size && (await digest(one)) === (await digest(other))
  );
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
