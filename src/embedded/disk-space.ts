import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { GatewayError } from '../errors.ts';

/** Below this much free space no load begins or goes on: PostgreSQL needs a segment or two of its log to end anything. */
export const leastSpace = 64 * 1024 * 1024;

export interface DiskSpace {
  /** Bytes that an ordinary user may still write. */
  readonly free: number;
  readonly total: number;
}

/** Space of the disk that holds a folder, or the nearest one above that exists; null where the system does not say. */
export function diskSpace(folder: string): DiskSpace | null {
  const at = path.resolve(folder);
  if (!existsSync(at) && path.dirname(at) !== at) {
    return diskSpace(path.dirname(at));
  }
  try {
    const { bavail, blocks, bsize } = statfsSync(at);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    return null;
  }
}

/** What is wrong with the disk of a folder and what to free, for whoever runs the program; null: it has space. */
export function spaceFault(folder: string): string | null {
  const space = diskSpace(folder);
  if (space === null || space.free >= leastSpace) {
    return null;
  }
  return (
    `No space is left on the disk of ${folder} (${inMegabytes(space.free)} of ${inMegabytes(space.total)} free): free at least ` +
    `${inMegabytes(4 * leastSpace)} there, for example old files in the drop folder's loaded/ (the warehouse has their rows), or move DATA_DIR to a larger disk`
  );
}

const inMegabytes = (bytes: number): string => `${Math.floor(bytes / (1024 * 1024))} MB`;

/** Codes of a disk or a quota that is full. */
const full = new Set(['ENOSPC', 'EDQUOT']);

/** Whether an error of the system, or one that tells of it, says that there is no space. */
export function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error)) {
    return false;
  }
  if ('code' in error && typeof error.code === 'string' && full.has(error.code)) {
    return true;
  }
  return /No space left on device|Disk quota exceeded/i.test(error.message) || isNoSpace(error.cause);
}

/** The error of work in a folder; where the disk is full, that is what it says. */
export function namingSpace(error: unknown, folder: string): unknown {
  const fault = spaceFault(folder);
  if (fault === null && !isNoSpace(error)) {
    return error;
  }
  const reason = error instanceof Error ? error.message : String(error);
  const message = fault ?? `No space is left for ${folder}: free some on its disk, or raise its quota`;
  return new GatewayError('StorageFull', `${message}. What failed: ${reason}`, { target: folder, cause: error });
}
