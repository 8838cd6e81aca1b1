import { constants } from 'node:fs';
import { access, copyFile, mkdir, rename, unlink } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';

/**
 * Moves a file below a folder, keeping its path below the old one; a name that is taken gets a number. Works between
 * devices: copied first, removed after. Resolves to the new path.
 */
export async function moveFile(path: string, folder: string, below: string): Promise<string> {
  const wanted = join(folder, below);
  await mkdir(dirname(wanted), { recursive: true });
  const target = await freeName(wanted);
  try {
    await rename(path, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await copyFile(path, target, constants.COPYFILE_EXCL);
    await unlink(path);
  }
  return target;
}

async function freeName(wanted: string): Promise<string> {
  const ending = extname(wanted);
  const stem = wanted.slice(0, wanted.length - ending.length);
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${stem} (${number})${ending}`;
    if (!(await exists(name))) return name;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
