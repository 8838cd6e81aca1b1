import { randomUUID } from 'node:crypto';
import { existsSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../errors.ts';
import type { ClusterFolders } from './folders.ts';

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * One gateway for each data folder. The lock is a listening socket and not a file with a process id: it ends with its
 * process, and a process id that was given out again, or one of another container, cannot be mistaken for the holder.
 * Throws DataFolderInUse.
 */
export async function holdFolder(folders: ClusterFolders): Promise<FolderLock> {
  const name =
    folders.sockets === null
      ? `\\\\.\\pipe\\odata-warehouse-gateway-${folders.dataDir.replaceAll(/[^\w]/g, '-')}`
      : path.join(folders.sockets, 'gateway.lock');
  const token = `${String(process.pid)} ${randomUUID()}`;
  for (let attempt = 0; attempt < 5; attempt++) {
    const server = await listen(name, token);
    if (server !== null) {
      // Two that find the same dead socket may both remove it: the one whose socket is still there is the holder.
      if (attempt > 0) {
        await sleep(100);
      }
      if ((await holder(name)) === token) {
        return { release: () => close(server) };
      }
      await close(server);
      continue;
    }
    const other = await holder(name);
    if (other !== null) {
      throw inUse(folders, other);
    }
    if (folders.sockets !== null && existsSync(name)) {
      unlinkSync(name);
    }
  }
  throw inUse(folders, '?');
}

function inUse(folders: ClusterFolders, other: string): GatewayError {
  return new GatewayError(
    'DataFolderInUse',
    `Another gateway (process ${other.split(' ')[0] ?? '?'}) works in ${folders.dataDir}. Stop it (or wait for its end, where it is a command), set DATA_DIR to another folder, or let both use one PostgreSQL server with DATABASE_URL.`,
  );
}

function listen(name: string, token: string): Promise<Server | null> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(token);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        resolve(null);
      } else {
        reject(new GatewayError('EmbeddedServerUnavailable', `${name}: ${error.message}`, { cause: error }));
      }
    });
    server.listen(name, () => resolve(server));
  });
}

/** What the holder says of itself; null when nobody listens. */
function holder(name: string): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(name);
    socket.setEncoding('utf8');
    socket.setTimeout(5000, () => socket.destroy(new Error('silent')));
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? null : '?');
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
