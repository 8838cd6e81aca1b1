import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GatewayError } from '../../errors.ts';
import type { PastLoad } from '../ledger/past-loads.ts';

/** A load and where its bytes lie now. */
export interface KeptFile {
  readonly load: PastLoad;
  readonly path: string;
}

/**
 * Finds the bytes of all loads by their SHA-256: where each file was loaded from, or anywhere below the folders. Throws FilesMissing
 * with the list of those that are nowhere.
 */
export async function findKeptFiles(
  loads: readonly PastLoad[],
  folders: readonly string[],
): Promise<readonly KeptFile[]> {
  const wanted = new Map(loads.map((load) => [load.sha256, load]));
  const sizes = new Set(loads.map((load) => Number(load.size_bytes)));
  const found = new Map<string, string>();
  const look = async (path: string): Promise<void> => {
    const stats = await stat(path).catch(() => null);
    if (stats?.isFile() !== true || !sizes.has(stats.size)) {
      return;
    }
    const sha256 = await digest(path);
    if (sha256 !== null && wanted.has(sha256) && !found.has(sha256)) {
      found.set(sha256, path);
    }
  };
  for (const { sha256, origin } of loads) {
    if (origin !== null && !found.has(sha256)) {
      await look(origin);
    }
  }
  for (const folder of folders) {
    if (found.size === wanted.size) {
      break;
    }
    for (const path of await filesBelow(resolve(folder))) {
      if (found.size < wanted.size) {
        await look(path);
      }
    }
  }
  const missing = loads.filter(({ sha256 }) => !found.has(sha256));
  if (missing.length > 0) {
    throw filesMissing(missing, folders);
  }
  return loads.map((load) => ({ load, path: found.get(load.sha256) ?? '' }));
}

function filesMissing(missing: readonly PastLoad[], folders: readonly string[]): GatewayError {
  const lines = missing.map(
    ({ load_id, source, export: name, file_name, sha256 }) =>
      `- ${file_name} (load ${load_id} of ${source}/${name}, SHA-256 ${sha256})`,
  );
  const looked = folders.map((folder) => resolve(folder)).join(', ');
  return new GatewayError(
    'FilesMissing',
    `${missing.length} files that were loaded are neither where they were loaded from nor below ${looked}:\n${lines.join('\n')}`,
  );
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function digest(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch {
    return null;
  }
}
