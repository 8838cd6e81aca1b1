import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/embedded/embedded-server.ts';
import { serversVariable, share } from './lifetime.ts';

/** A fresh database on a real PostgreSQL. */
export interface TestDatabase {
  /** For `pg` (`new pg.Client({ connectionString })`) and for `openDatabase`. */
  readonly connectionString: string;
  readonly name: string;
  /** Drops the database; done at the end of the run too. With KEEP_DATABASES=1 it stays, see CONTRIBUTING.md. */
  drop(): Promise<void>;
}

interface Servers {
  /** null: the server of TEST_DATABASE_URL. */
  readonly server: EmbeddedServer | null;
  readonly url: (database: string) => string;
  /** Makes and drops databases; one connection for all of them. */
  readonly administrator: pg.Client;
}

let started: Promise<Servers> | null = null;
const open = new Set<TestDatabase>();
/** The databases outlive the run, so that somebody can look at what a failed test has left. */
const keeps = process.env['KEEP_DATABASES'] === '1';

/**
 * A new empty database: on the server of TEST_DATABASE_URL (its user may create databases), else on ONE embedded server
 * for each process of the run, started by the first call and ended with the run. `fsync` is off there: no test needs to
 * survive a power cut. Call it in `before` and `drop()` in `after`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  return databaseLike('template0');
}

/** A copy of a database that nobody is connected to. */
export async function databaseLike(template: string): Promise<TestDatabase> {
  if (started === null) {
    started = start();
    share({ close: stop });
  }
  const { url, server, administrator } = await started;
  const name = `t_${randomBytes(6).toString('hex')}`;
  // Where nothing is synchronised, files are copied in a seventh of the time that the same takes through the WAL.
  const strategy = server === null ? '' : 'STRATEGY file_copy';
  await administrator.query(`CREATE DATABASE ${name} TEMPLATE ${template} ENCODING 'UTF8' ${strategy}`);
  const database: TestDatabase = {
    connectionString: url(name),
    name,
    drop: async () => {
      if (open.delete(database) && !keeps) {
        await administrator.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }
    },
  };
  open.add(database);
  return database;
}

async function start(): Promise<Servers> {
  const { server, url } = await startServer();
  const administrator = new pg.Client({ connectionString: url('postgres') });
  await administrator.connect();
  return { server, url, administrator };
}

async function startServer(): Promise<Pick<Servers, 'server' | 'url'>> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given !== undefined && given !== '') {
    return {
      server: null,
      url: (database) => {
        const url = new URL(given);
        url.pathname = `/${database}`;
        return url.href;
      },
    };
  }
  const below = keeps ? os.tmpdir() : (process.env[serversVariable] ?? os.tmpdir());
  const dataDir = mkdtempSync(path.join(below, keeps ? 'gateway-kept-' : 'server-'));
  if (keeps) {
    // As root the server runs as another account, which must pass through.
    chmodSync(dataDir, 0o711);
  }
  const settings = {
    ...{ fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '64MB' },
    // What lies in memory is to stay small.
    max_wal_size: '256MB',
  };
  const server = await startEmbeddedServer({ dataDir, settings });
  const { administrator: address } = server;
  const host = address.host.startsWith('/') ? encodeURIComponent(address.host) : address.host;
  return {
    server,
    url: (database) => `postgres://${address.user}:${address.password}@${host}:${String(address.port)}/${database}`,
  };
}

async function stop(): Promise<void> {
  if (started === null) {
    return;
  }
  const { server, administrator } = await started;
  for (const database of open) {
    await database.drop();
  }
  await administrator.end();
  if (server === null) {
    return;
  }
  await server.stop();
  if (keeps) {
    console.error(`Kept: npx tsx scripts/open-databases.ts ${server.folders.dataDir}`);
    return;
  }
  rmSync(server.folders.dataDir, { recursive: true, force: true });
}

/** Makes empty databases, each given by its connection string, that are dropped after the tests of the suite. */
export function useDatabases(): () => Promise<string> {
  const databases: TestDatabase[] = [];
  after(async () => {
    for (const database of databases) {
      await database.drop();
    }
  });
  return async () => {
    const database = await testDatabase();
    databases.push(database);
    return database.connectionString;
  };
}
