import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GatewayError } from '../errors.ts';
import { administratorName } from './address.ts';
import type { ServerBinaries } from './binaries.ts';
import { type ClusterFolders, ownFolder } from './folders.ts';
import { asServer } from './leftover.ts';

/**
 * Makes the cluster if it is not there and returns the password that its administrator has, and the role that the gateway signs in as. `initdb` works in a folder that is
 * renamed when it is done, so that a killed first start leaves nothing half made. Throws EmbeddedServerUnavailable.
 */
export function createCluster(folders: ClusterFolders, binaries: ServerBinaries): string {
  const passwordFile = path.join(folders.state, 'postgres.password');
  if (existsSync(path.join(folders.cluster, 'PG_VERSION'))) {
    checkCluster(folders, binaries);
    return existsSync(passwordFile) ? readFileSync(passwordFile, 'utf8').trim() : '';
  }
  const password = randomBytes(24).toString('base64url');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (folders.account !== null) {
    chownSync(passwordFile, folders.account.uid, folders.account.gid);
  }
  const partial = `${folders.cluster}.new`;
  rmSync(partial, { recursive: true, force: true });
  ownFolder(folders, partial);
  runInitdb(folders, binaries, { partial, passwordFile });
  renameSync(partial, folders.cluster);
  return password;
}

function checkCluster(folders: ClusterFolders, binaries: ServerBinaries): void {
  ownFolder(folders, folders.cluster);
  const major = readFileSync(path.join(folders.cluster, 'PG_VERSION'), 'utf8').trim();
  if (major === binaries.version.split('.')[0]) {
    return;
  }
  throw new GatewayError(
    'EmbeddedServerUnavailable',
    `${folders.cluster} was made by PostgreSQL ${major}, and the embedded server is ${binaries.version}: install the gateway version that made it, or load the exports anew into another DATA_DIR.`,
  );
}

function runInitdb(
  folders: ClusterFolders,
  binaries: ServerBinaries,
  files: { readonly partial: string; readonly passwordFile: string },
): void {
  const run = spawnSync(
    binaries.initdb,
    [
      ...['-D', files.partial, '-U', administratorName, '--pwfile', files.passwordFile],
      // The socket folder is private (0700), which is stronger than a password; TCP (Windows) asks for one.
      ...['--auth-local=trust', '--auth-host=scram-sha-256', '-E', 'UTF8'],
      // PostgreSQL's own C.UTF-8: code point order and Unicode lower()/upper() that no operating system update changes.
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-sync'],
    ],
    { ...asServer(folders), cwd: files.partial, encoding: 'utf8' },
  );
  if (run.status === 0) {
    return;
  }
  throw new GatewayError(
    'EmbeddedServerUnavailable',
    `PostgreSQL could not create its files in ${folders.cluster}: ${(run.error?.message ?? run.stderr).trim()}`,
  );
}

/** The `-c` arguments of the server: a small machine's share of memory, and nobody but this gateway as client. */
export function serverSettings(
  folders: ClusterFolders,
  port: number,
  overrides: Readonly<Record<string, string>>,
): readonly string[] {
  const settings: Record<string, string> = {
    listen_addresses: folders.sockets === null ? '127.0.0.1' : '',
    port: String(port),
    unix_socket_directories: folders.sockets ?? '',
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: '256MB',
    work_mem: '32MB',
    maintenance_work_mem: '128MB',
    effective_cache_size: '1GB',
    // Compiling a query costs more than the queries of a feed run for.
    jit: 'off',
    random_page_cost: '1.1',
    // No replica and no archive: the log is for recovery alone, written in fewer and larger checkpoints.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    wal_compression: 'on',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    log_checkpoints: 'off',
    // Errors of statements reach the caller; the log keeps what happens to the server.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...overrides,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
