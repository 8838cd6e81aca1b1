import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { compareFiles } from '../ledger/file-order.ts';

/** A load of the ledger, as far as doing it again needs it. */
export interface PastLoad extends Record<string, unknown> {
  readonly load_id: string;
  readonly source: string;
  readonly export: string;
  readonly file_name: string;
  readonly origin: string | null;
  readonly sha256: string;
  readonly size_bytes: string;
  readonly file_time: string;
  readonly period_start: string | null;
  readonly period_end: string | null;
  readonly modified: string;
}

/** A load and where its bytes lie now. */
export interface KeptFile {
  readonly load: PastLoad;
  readonly path: string;
}

/** All loads into a set, in the order in which their files speak. */
export async function pastLoads(
  database: Pick<Database | Transaction, 'query'>,
  catalogue: Catalogue,
  set: string,
): Promise<readonly PastLoad[]> {
  const writing = catalogue.exports.filter((one) => one.set === set);
  const { rows } = await database.query<PastLoad>(
    `SELECT load_id::text, source, export, file_name, origin, sha256, size_bytes::text, to_char(l.file_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS file_time, period_start::text, period_end::text,
            coalesce(to_char(modified_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'), '') AS modified
       FROM gateway.load l JOIN unnest($1::text[], $2::text[]) AS x(source, export) USING (source, export) WHERE state = 'loaded'`,
    [writing.map((one) => one.source), writing.map((one) => one.name)],
  );
  const time = (a: PastLoad, b: PastLoad): number =>
    a.file_time < b.file_time ? -1 : a.file_time > b.file_time ? 1 : 0;
  return [...rows].sort((a, b) => time(a, b) || compareFiles(a, b) || Number(a.load_id) - Number(b.load_id));
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
