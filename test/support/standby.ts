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

/** A PostgreSQL with a hot standby that replays what it writes: two real servers, of one cluster. */
export interface StandbyPair {
  /** `postgres://...` of a database of the primary, and of the same one of the standby. */
  readonly primary: string;
  readonly standby: string;
  /** Asks one of them, as a superuser. */
  ask(server: 'primary' | 'standby', text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Begins a transaction on the primary that stays open: other statements in it, and its end, which undoes it. */
  hold(text: string): Promise<{ more(text: string): Promise<void>; end(): Promise<void> }>;
  /** Waits until the standby has all that is committed. */
  caughtUp(): Promise<void>;
  /** What is written is not replayed, and so not seen on the standby, until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The standby's process ends at once, as in a power cut: its sessions break. */
  kill(): Promise<void>;
  /** It is started again over the same files. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const settings = {
  ...{ fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB', max_wal_size: '256MB' },
  ...{ wal_level: 'replica', max_wal_senders: '4', wal_keep_size: '64MB', wal_receiver_status_interval: '1s' },
  // Nothing is removed but by tests that do.
  autovacuum: 'off',
};

/**
 * Starts both. `prepare` works on the primary before its files are copied: what it makes is on the standby from the start. `more`: settings of the standby, absent: it has rows kept that are read there. There is no
 * pg_basebackup among the embedded programs, so the copy is made as the manual says (PostgreSQL manual, 25.3.4, "Making an Exclusive
 * Low Level Backup").
 */
export async function startStandbyPair(
  prepare: (connectionString: string) => Promise<void>,
  more: Readonly<Record<string, string>> = { hot_standby_feedback: 'on' },
): Promise<StandbyPair> {
  const folder = mkdtempSync(path.join(process.env[serversVariable] ?? os.tmpdir(), 'standby-'));
  // As root the servers run as another account, which must pass through.
  chmodSync(folder, 0o711);
  const dataDirs = { primary: path.join(folder, 'primary'), standby: path.join(folder, 'standby') };
  const primary = await startEmbeddedServer({ dataDir: dataDirs.primary, settings });
  await prepare(addressText(primary.address));
  await copyCluster(primary, dataDirs.standby);
  const start = (): Promise<EmbeddedServer> =>
    startEmbeddedServer({
      dataDir: dataDirs.standby,
      settings: { ...settings, ...more, primary_conninfo: connectionInfo(primary.address) },
    });
  let standby = await start();
  const urls = { primary: addressText(primary.address), standby: addressText(standby.address) };
  const ask: StandbyPair['ask'] = async (server, text) => {
    const client = new pg.Client({ connectionString: urls[server] });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(text);
      return rows;
    } finally {
      await client.end();
    }
  };
  const one = async (server: 'primary' | 'standby', text: string): Promise<unknown> =>
    Object.values((await ask(server, `SELECT ${text}`))[0] ?? {})[0];
  return {
    ...urls,
    ask,
    hold: async (text) => {
      const client = new pg.Client({ connectionString: urls.primary });
      await client.connect();
      // A checkpoint writes what the transaction has logged, so that the standby is told before its end.
      const run = async (statement: string): Promise<void> => {
        await client.query(statement);
        await ask('primary', 'CHECKPOINT');
      };
      await run(`BEGIN; ${text}`);
      return { more: run, end: () => client.end() };
    },
    caughtUp: async () => {
      const position = String(await one('primary', 'pg_current_wal_insert_lsn()'));
      // What was committed is on the disk, and sent.
      await ask('primary', 'CHECKPOINT');
      await until('the standby has caught up', async () =>
        Boolean(await one('standby', `pg_last_wal_replay_lsn() >= '${position}'`)),
      );
    },
    pause: async () => {
      await one('standby', 'pg_wal_replay_pause()');
      await until(
        'replay stands still',
        async () => (await one('standby', 'pg_get_wal_replay_pause_state()')) === 'paused',
      );
    },
    resume: async () => {
      await one('standby', 'pg_wal_replay_resume()');
    },
    kill: async () => {
      process.kill(postmaster(standby), 'SIGQUIT');
      await standby.failed;
    },
    restart: async () => {
      await standby.stop();
      standby = await start();
    },
    close: async () => {
      await standby.stop();
      await primary.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function copyCluster(primary: EmbeddedServer, dataDir: string): Promise<void> {
  const { folders, address } = primary;
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
