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
  /** What they are packed in there, as what; null: they are the file. */
  readonly member: string | null;
  /** The digests that its bytes may have: the ledger's, and those from before somebody was erased from it. */
  readonly digests: ReadonlySet<string>;
}

/**
 * Finds the bytes of all loads by their SHA-256: where each file was loaded from, or anywhere below the folders; of one that came in a container
 * that container, or itself where somebody unpacked it. No container is opened for it: the ledger says in which one a file came. Throws
 * FilesMissing with the list of those that are nowhere. `rewritten`: digests in the ledger by those that the same files had before.
 */
export async function findKeptFiles(
  loads: readonly PastLoad[],
  folders: readonly string[],
  rewritten: ReadonlyMap<string, string> = new Map(),
): Promise<readonly KeptFile[]> {
  const wanted = new Set(loads.flatMap(digestsOf));
  const sizes = new Set(loads.flatMap((load) => [Number(load.size_bytes), Number(load.container_bytes ?? Number.NaN)]));
  const isFound = (load: PastLoad): boolean => digestsOf(load).some((digest) => found.has(digest));
  const found = new Map<string, string>();
  const look = async (path: string): Promise<void> => {
    const stats = await stat(path).catch(() => null);
    if (stats?.isFile() !== true || (rewritten.size === 0 && !sizes.has(stats.size))) {
      return;
    }
    const there = await digest(path);
    const sha256 = there === null ? null : (rewritten.get(there) ?? there);
    if (sha256 !== null && wanted.has(sha256) && !found.has(sha256)) {
      found.set(sha256, path);
    }
  };
  for (const load of loads) {
    if (load.origin !== null && !isFound(load)) {
      await look(load.origin);
    }
  }
  let missing = loads.filter((load) => !isFound(load));
  for (const folder of folders) {
    for (const path of missing.length === 0 ? [] : await filesBelow(resolve(folder))) {
      const before = found.size;
      await look(path);
      missing = found.size === before ? missing : missing.filter((load) => !isFound(load));
      if (missing.length === 0) {
        break;
      }
    }
  }
  if (missing.length > 0) {
    throw filesMissing(missing, folders);
  }
  return loads.map((load) => {
    const itself = found.get(load.sha256);
    const path = itself ?? found.get(load.container_sha256 ?? '') ?? '';
    const former = [...rewritten].flatMap(([before, now]) => (now === load.sha256 ? [before] : []));
    const digests = new Set([load.sha256, ...former]);
    return { load, path, member: itself === undefined ? load.member : null, digests };
  });
}

const digestsOf = ({ sha256, container_sha256: container }: PastLoad): readonly string[] =>
  container === null ? [sha256] : [sha256, container];

function filesMissing(missing: readonly PastLoad[], folders: readonly string[]): GatewayError {
  const lines = missing.map(
    ({ load_id, source, export: name, file_name, sha256, container_sha256: container }) =>
      `- ${file_name} (load ${load_id} of ${source}/${name}, SHA-256 ${sha256}${container === null ? '' : `; it came in a container of SHA-256 ${container}`})`,
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
