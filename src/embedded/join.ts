import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { ownerName, type ServerAddress } from './address.ts';
import { clusterFolders } from './folders.ts';

/**
 * Address of the embedded server that another gateway process runs over this data folder; null when none answers. For
 * commands beside a serving gateway (status, ingest): they use its server and never stop it.
 */
export async function runningServer(dataDir: string): Promise<ServerAddress | null> {
  const folders = clusterFolders(dataDir);
  const passwordFile = path.join(folders.state, 'postgres.password');
  const pidFile = path.join(folders.cluster, 'postmaster.pid');
  if (!existsSync(passwordFile) || !existsSync(pidFile)) {
    return null;
  }
  // Fourth line of postmaster.pid: the port.
  const port = Number(readFileSync(pidFile, 'utf8').split('\n')[3]);
  const password = readFileSync(passwordFile, 'utf8').trim();
  const host = folders.sockets ?? '127.0.0.1';
  const address: ServerAddress = { host, port, user: ownerName, password, database: 'gateway' };
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return address;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => {});
  }
}
