import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import type { ServerBinaries } from './binaries.ts';
import type { ClusterFolders } from './folders.ts';

/**
 * Deals with `postmaster.pid` of an earlier life; the caller holds the folder's lock, so a server that still runs here
 * has lost its gateway: it is stopped. A file that names a process which is something else by now is removed: PostgreSQL
 * itself would refuse to start when that process belongs to the same user, as happens in containers with their small numbers.
 * Throws DataFolderInUse.
 */
export async function endLeftover(folders: ClusterFolders, binaries: ServerBinaries): Promise<void> {
  const file = path.join(folders.cluster, 'postmaster.pid');
  if (!existsSync(file)) {
    return;
  }
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!isServer(pid, folders.cluster)) {
    rmSync(file, { force: true });
    return;
  }
  stopCluster(folders, binaries);
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (!isServer(pid, folders.cluster)) {
      return;
    }
    await sleep(50);
  }
  throw new GatewayError(
    'DataFolderInUse',
    `A PostgreSQL server (process ${String(pid)}) still runs over ${folders.cluster} and does not stop. End it, or set DATA_DIR to another folder.`,
  );
}

/** `pg_ctl stop -m fast`: sessions are ended, everything committed is on disk. */
export function stopCluster(folders: ClusterFolders, binaries: ServerBinaries): void {
  spawnSync(binaries.pgCtl, ['stop', '-D', folders.cluster, '-m', 'fast', '-w', '-t', '60'], {
    ...asServer(folders),
    cwd: folders.cluster,
  });
}

interface ServerProcess {
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: Record<string, string>;
  readonly windowsHide: true;
}

/**
 * What `spawn` needs to start a program as the server's user: an environment of its own, since ours may hold PGDATA,
 * PGPORT and the like, which are meant for somebody else. Windows programs need theirs.
 */
export function asServer(folders: ClusterFolders): ServerProcess {
  const ids = folders.account === null ? {} : { uid: folders.account.uid, gid: folders.account.gid };
  const env = process.platform === 'win32' ? {} : { env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } };
  return { ...ids, ...env, windowsHide: true };
}

/** Whether the process is a PostgreSQL server over this cluster; where its command line cannot be read, a living process counts. */
function isServer(pid: number, cluster: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') {
      return false;
    }
  }
  const command = commandLine(pid);
  return command === null || command.includes(cluster);
}

function commandLine(pid: number): string | null {
  if (process.platform === 'win32') {
    return null;
  }
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    const run = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return run.error === undefined ? run.stdout : null;
  }
}
