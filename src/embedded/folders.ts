import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GatewayError } from '../errors.ts';
import { type Account, canReach, serverAccount } from './account.ts';
import { outlivedDataFolder } from './elsewhere.ts';

/** Where one embedded server keeps what. */
export interface ClusterFolders {
  /** The gateway's data folder, absolute. */
  readonly dataDir: string;
  /** What we keep beside the cluster: password, log, copied programs. */
  readonly state: string;
  /** PostgreSQL's own data directory. */
  readonly cluster: string;
  /** Private folder of the Unix socket; null on Windows, where a TCP port of 127.0.0.1 is used. */
  readonly sockets: string | null;
  readonly logFile: string;
  /** User the server runs as; null: the user of this process. */
  readonly account: Account | null;
}

/** A Unix socket's path may have 107 bytes on Linux, 103 on macOS; `/.s.PGSQL.5432.lock` takes 20 of them. */
const longestSocketFolder = 80;

/**
 * Decides where the cluster lies: `<dataDir>/postgres`, unless the server runs as another user (we are root) who cannot
 * pass through a folder above it, as below `/root`; then a folder below `/var/lib`, named after the data folder.
 */
export function clusterFolders(dataDirectory: string): ClusterFolders {
  const dataDir = path.resolve(dataDirectory);
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const elsewhere = path.join('/var/lib/odata-warehouse-gateway', id);
  const preferred = serverAccount(path.join(dataDir, 'postgres'));
  const reachable = preferred === null || canReach(preferred, path.dirname(dataDir));
  const state = reachable ? dataDir : elsewhere;
  const cluster = path.join(state, 'postgres');
  const account = reachable ? preferred : serverAccount(cluster);
  return {
    dataDir,
    state,
    cluster,
    sockets: process.platform === 'win32' ? null : socketFolder(state, id),
    logFile: path.join(state, 'postgres.log'),
    account,
  };
}

/** Whether a cluster was ever made for this data folder, and the folder not deleted since. Makes nothing. */
export function hasCluster(dataDirectory: string): boolean {
  const folders = clusterFolders(dataDirectory);
  return existsSync(path.join(folders.cluster, 'PG_VERSION')) && !outlivedDataFolder(folders);
}

function socketFolder(state: string, id: string): string {
  const beside = path.join(state, 'postgres.run');
  if (Buffer.byteLength(beside) <= longestSocketFolder) {
    return beside;
  }
  const short = path.join(os.tmpdir(), `odwg-${id}`);
  return Buffer.byteLength(short) <= longestSocketFolder ? short : path.join('/tmp', `odwg-${id}`);
}

/** Creates the folders with the modes PostgreSQL asks for. Throws EmbeddedServerUnavailable when one belongs to somebody else. */
export function prepareFolders(folders: ClusterFolders): void {
  const made = [folders.dataDir, folders.state].map(
    (folder) => [folder, mkdirSync(folder, { recursive: true })] as const,
  );
  // The server's user must pass through, also through folders that were missing above; what is private below has modes of its own.
  if (folders.account !== null) {
    for (const [folder, first] of made) {
      for (let at = folder; first !== undefined && at.startsWith(first); at = path.dirname(at)) {
        chmodSync(at, lstatSync(at).mode | 0o011);
      }
    }
    chmodSync(folders.state, lstatSync(folders.state).mode | 0o011);
  }
  if (folders.sockets !== null) {
    ownFolder(folders, folders.sockets);
  }
}

/** A folder of mode 0700 that belongs to the server's user. */
export function ownFolder(folders: ClusterFolders, folder: string): void {
  const uid = folders.account?.uid ?? process.getuid?.();
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (folders.account !== null) {
      chownSync(folder, folders.account.uid, folders.account.gid);
    }
  }
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (uid !== undefined && stat.uid !== uid)) {
    throw new GatewayError(
      'EmbeddedServerUnavailable',
      `${folder} belongs to another user (uid ${String(stat.uid)}) than the one PostgreSQL would run as (uid ${String(uid)}): start the gateway as the user that created it, or set DATA_DIR to another folder.`,
    );
  }
  if (process.platform !== 'win32') {
    chmodSync(folder, 0o700);
  }
}
