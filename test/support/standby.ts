import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import type { ServerAddress } from '../../src/embedded/address.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/embedded-server.ts';
import { serversVariable } from './lifetime.ts';
import { until } from './until.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

/** A hot standby that replays what its primary writes: a real server, of one cluster with it. */
export interface StandbyServer {
  /** `postgres://...` of the database of its primary. */
  readonly url: string;
  /** Asks it as a superuser. */
  ask(text: string): Promise<Rows>;
  /** Waits until it has all that is committed. */
  caughtUp(): Promise<void>;
  /** What is written is not replayed, and so not seen there, until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Its process ends at once, as in a power cut: its sessions break. */
  kill(): Promise<void>;
  /** It is started again over the same files, at the same address. */
  restart(): Promise<void>;
}

/** A PostgreSQL with hot standbys. */
export interface StandbyCluster {
  readonly primary: string;
  readonly standbys: readonly StandbyServer[];
  /** Asks the primary as a superuser. */
  ask(text: string): Promise<Rows>;
  /**
   * Begins a transaction on the primary that stays open: other statements in it, and its end, which undoes it. Standbys are told of its locks, and have them a
   * moment later: who waits for one there asks `caughtUp` first.
   */
  hold(text: string): Promise<{ more(text: string): Promise<void>; end(): Promise<void> }>;
  close(): Promise<void>;
}

/** A PostgreSQL with one hot standby. */
export interface StandbyPair extends Omit<StandbyServer, 'url' | 'ask'>, Pick<StandbyCluster, 'hold' | 'close'> {
  readonly primary: string;
  readonly standby: string;
  /** Asks one of them, as a superuser. */
  ask(server: 'primary' | 'standby', text: string): Promise<Rows>;
}

const settings = {
  ...{ fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB', max_wal_size: '256MB' },
  // A standby that was away finds what was written meanwhile.
  ...{ wal_level: 'replica', max_wal_senders: '8', wal_keep_size: '512MB', wal_receiver_status_interval: '1s' },
  // Nothing is removed but by tests that do.
  autovacuum: 'off',
};

const keepsRows = { hot_standby_feedback: 'on' };

/** Starts both, as `startStandbys` does. */
export async function startStandbyPair(
  prepare: (connectionString: string) => Promise<void>,
  more: Readonly<Record<string, string>> = keepsRows,
): Promise<StandbyPair> {
  const { primary, standbys, ask, hold, close } = await startStandbys(1, prepare, more);
  const [standby] = standbys;
  if (standby === undefined) {
    throw new Error('there is no standby');
  }
  const asked = (server: 'primary' | 'standby', text: string) => (server === 'primary' ? ask(text) : standby.ask(text));
  return { ...standby, primary, standby: standby.url, ask: asked, hold, close };
}

/**
 * Starts a primary and standbys of it. `prepare` works on the primary before its files are copied: what it makes is on the standbys from the start. `more`: settings
 * of the standbys, absent: they have rows kept that are read there. There is no pg_basebackup among the embedded programs, so the copies are made as
 * the manual says (PostgreSQL manual, 25.3.4, "Making an Exclusive Low Level Backup").
 */
export async function startStandbys(
  count: number,
  prepare: (connectionString: string) => Promise<void>,
  more: Readonly<Record<string, string>> = keepsRows,
): Promise<StandbyCluster> {
  const folder = mkdtempSync(path.join(process.env[serversVariable] ?? os.tmpdir(), 'standby-'));
  // As root the servers run as another account, which must pass through.
  chmodSync(folder, 0o711);
  const server = await startEmbeddedServer({ dataDir: path.join(folder, 'primary'), settings });
  const primary = addressText(server.administrator);
  await prepare(primary);
  const standbys: (StandbyServer & { stop(): Promise<void> })[] = [];
  for (let number = 1; number <= count; number++) {
    standbys.push(await startStandby(server, path.join(folder, `standby-${number}`), more));
  }
  const ask = (text: string): Promise<Rows> => askServer(primary, text);
  return {
    primary,
    standbys,
    ask,
    hold: async (text) => {
      const client = new pg.Client({ connectionString: primary });
      // A test that fails leaves it open: that the server ends it then is not a second failure.
      client.on('error', () => undefined);
      await client.connect();
      // A checkpoint writes what the transaction has logged, so that the standbys are told before its end.
      const run = async (statement: string): Promise<void> => {
        await client.query(statement);
        await ask('CHECKPOINT');
      };
      await run(`BEGIN; ${text}`);
      return { more: run, end: () => client.end() };
    },
    close: async () => {
      for (const standby of standbys) {
        await standby.stop();
      }
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startStandby(
  primary: EmbeddedServer,
  dataDir: string,
  more: Readonly<Record<string, string>>,
): Promise<StandbyServer & { stop(): Promise<void> }> {
  await copyCluster(primary, dataDir);
  const start = (): Promise<EmbeddedServer> =>
    startEmbeddedServer({
      dataDir,
      settings: { ...settings, ...more, primary_conninfo: connectionInfo(primary.administrator) },
    });
  let server = await start();
  const url = addressText(server.administrator);
  const askPrimary = (text: string): Promise<Rows> => askServer(addressText(primary.administrator), text);
  const ask = (text: string): Promise<Rows> => askServer(url, text);
  const onlyCell = async (rows: Promise<Rows>): Promise<unknown> => Object.values((await rows)[0] ?? {})[0];
  return {
    url,
    ask,
    caughtUp: async () => {
      const position = String(await onlyCell(askPrimary('SELECT pg_current_wal_insert_lsn()')));
      // What was committed is on the disk, and sent.
      await askPrimary('CHECKPOINT');
      await until('the standby has caught up', async () =>
        Boolean(await onlyCell(ask(`SELECT pg_last_wal_replay_lsn() >= '${position}'`))),
      );
    },
    pause: async () => {
      await ask('SELECT pg_wal_replay_pause()');
      await until(
        'replay stands still',
        async () => (await onlyCell(ask('SELECT pg_get_wal_replay_pause_state()'))) === 'paused',
      );
    },
    resume: () =>
      until('replay goes on', async () => {
        try {
          await ask('SELECT pg_wal_replay_resume()');
          return (await onlyCell(ask('SELECT pg_get_wal_replay_pause_state()'))) === 'not paused';
        } catch (error) {
          // What is replayed at once may be in conflict with the statement.
          if (error instanceof pg.DatabaseError && error.code === '40001') {
            return false;
          }
          throw error;
        }
      }),
    kill: async () => {
      process.kill(postmaster(server), 'SIGQUIT');
      await server.failed;
    },
    restart: async () => {
      await server.stop();
      server = await start();
    },
    stop: () => server.stop(),
  };
}

/** READ_DATABASE_URL of all of them: one address with their hosts, in this order. They have one user and one password. */
export function hostList(standbys: readonly Pick<StandbyServer, 'url'>[]): string {
  const parts = standbys.map(({ url }) => /^(.*@)([^@/]*)(\/.*)$/.exec(url) ?? []);
  const [, login = '', , rest = ''] = parts[0] ?? [];
  return `${login}${parts.map(([, , host = '']) => host).join(',')}${rest}`;
}

async function askServer(connectionString: string, text: string): Promise<Rows> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}

async function copyCluster(primary: EmbeddedServer, dataDir: string): Promise<void> {
  const { folders, administrator: address } = primary;
  mkdirSync(dataDir);
  const client = new pg.Client({ ...address });
  await client.connect();
  await client.query(`SELECT pg_backup_start('copy', true)`);
  const cluster = path.join(dataDir, 'postgres');
  // With their owner: as root the servers run as another account.
  const { status, stderr } = spawnSync('cp', ['-a', folders.cluster, cluster], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`The files of the primary cannot be copied: ${stderr}`);
  }
  const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop()');
  await client.end();
  writeFileSync(path.join(cluster, 'backup_label'), rows[0]?.labelfile ?? '');
  writeFileSync(path.join(cluster, 'standby.signal'), '');
  rmSync(path.join(cluster, 'postmaster.pid'));
  spawnSync('chown', [
    `--reference=${folders.cluster}`,
    path.join(cluster, 'backup_label'),
    path.join(cluster, 'standby.signal'),
  ]);
  cpSync(path.join(folders.state, 'postgres.password'), path.join(dataDir, 'postgres.password'));
}

/** Of a running server. */
const postmaster = ({ folders }: EmbeddedServer): number =>
  Number(readFileSync(path.join(folders.cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);

const addressText = ({ user, password, host, port, database }: ServerAddress): string =>
  `postgres://${user}:${password}@${encodeURIComponent(host)}:${port}/${database}`;

const connectionInfo = ({ host, port, user, password }: ServerAddress): string =>
  `host=${host} port=${port} user=${user} password=${password} application_name=standby`;
