import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { machine, spoolNames } from './spool.ts';

/** Milliseconds after which a spool is nobody's, where nobody can be asked: it was made on another machine. */
const oldSpool = 86_400_000;

/**
 * Removes what killed programs have left of files that they were fetching or unpacking: those are fetched again, and what was left would fill the
 * disk, and hold persons who were erased since. Spools of programs that live stay.
 */
export async function removeLeftSpools(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      const at = path.join(folder, name);
      if (name.startsWith(spoolNames) && (await isLeft(name, at))) {
        // Another user's, in the system's folder for temporary files.
        await rm(at, { recursive: true, force: true }).catch(() => {});
      }
    }
  }
}

async function isLeft(name: string, at: string): Promise<boolean> {
  const made = await stat(at).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  );
  if (made === null) {
    return false;
  }
  const [where, pid] = name.slice(spoolNames.length).split('-');
  if (where !== machine || pid === undefined) {
    return Date.now() - made > oldSpool;
  }
  // In a container each program has the number that the one before it had.
  return Number(pid) === process.pid ? made < Date.now() - process.uptime() * 1000 : !lives(Number(pid));
}

/** Whether a process has this number, ours or another user's. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
