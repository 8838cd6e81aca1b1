import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { GatewayError } from '../errors.ts';
import { beginning, connectionPool } from './connection-pool.ts';
import type { Database, DatabaseRow, QueryResult, ReadOptions, ReadSession, Transaction } from './database.ts';
import type { ServerAddress } from './embedded-server.ts';
import { postgresError } from './postgres-errors.ts';
import { PostgresReadSession } from './read-session.ts';

export interface DatabaseSettings {
  /** `postgres://...`, or the address of the embedded server. */
  readonly connection: string | ServerAddress;
  /** Largest number of read transactions at a time; more wait. */
  readonly readers?: number;
  /** Largest number of connections for loads and bookkeeping. */
  readonly writers?: number;
  /** Milliseconds to wait for a free connection before DatabaseUnavailable. */
  readonly patience?: number;
}

const oldest = 160_000;

/**
 * Connects, checks the server and returns the only way to PostgreSQL that other rooms get. Throws GatewayError
 * DatabaseUnavailable (no server there, or it refuses us) and DatabaseUnsupported (older than 16, or not UTF-8).
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const database = new PostgresDatabase(settings);
  try {
    const { rows } = await database.query<{ version: string; number: number; encoding: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number, current_setting('server_encoding') AS encoding`,
    );
    for (const row of rows) checkServer(row);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** Throws DatabaseUnsupported. */
export function checkServer(server: { version: string; number: number; encoding: string }): void {
  if (server.number < oldest) {
    throw new GatewayError(
      'DatabaseUnsupported',
      `The server of DATABASE_URL is PostgreSQL ${server.version}; the gateway needs 16 or newer.`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new GatewayError(
      'DatabaseUnsupported',
      `The database of DATABASE_URL has the encoding ${server.encoding}; create one with ENCODING 'UTF8' TEMPLATE template0.`,
    );
  }
}

class PostgresDatabase implements Database {
  readonly #connection: string | ServerAddress;
  readonly #owner: pg.Pool;
  readonly #readers: pg.Pool;
  #closing: Promise<void> | null = null;

  constructor(settings: DatabaseSettings) {
    const { connection, patience = 30_000 } = settings;
    this.#connection = connection;
    this.#owner = connectionPool({ connection, patience, max: settings.writers ?? 6, applicationName: 'gateway' });
    this.#readers = connectionPool({
      connection,
      patience,
      max: settings.readers ?? 16,
      applicationName: 'gateway reader',
    });
  }

  async query<Row extends DatabaseRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>> {
    return ask<Row>(this.#owner, text, values);
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await connect(this.#owner);
    let broken: Error | undefined;
    try {
      await client.query(beginning(client, 'READ COMMITTED').join('; '));
      const result = await work(transactionOn(client));
      await commit(client);
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((lost: Error) => {
        broken = lost;
      });
      throw postgresError(error);
    } finally {
      client.release(broken);
    }
  }

  async read<T>(work: (session: ReadSession) => Promise<T>, options: ReadOptions): Promise<T> {
    options.signal.throwIfAborted();
    const client = await connect(this.#readers);
    const session = new PostgresReadSession(client, options, (running) => this.#cancel(running));
    try {
      return await work(session);
    } catch (error) {
      throw postgresError(error);
    } finally {
      // Nobody waits for the end of a transaction that wrote nothing.
      void endRead(client, session);
    }
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#owner.end(), this.#readers.end()]).then(() => {});
    return this.#closing;
  }

  /** On a connection of its own: the pools may be exhausted by exactly those statements that are to be cancelled. */
  async #cancel(running: pg.PoolClient): Promise<void> {
    const { processID } = running as pg.PoolClient & { processID: number };
    const connection = this.#connection;
    const client = new pg.Client({
      ...(typeof connection === 'string' ? { connectionString: connection } : connection),
      connectionTimeoutMillis: 5000,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT pg_cancel_backend($1)', [processID]);
    } catch {
      // The connection is destroyed in any case, and the server notices when it next writes.
    } finally {
      await client.end().catch(() => {});
    }
  }
}

async function endRead(client: pg.PoolClient, session: PostgresReadSession): Promise<void> {
  const end = await session.end();
  if (end !== 'open') {
    client.release(end === 'broken');
    return;
  }
  client.query('COMMIT').then(
    () => client.release(),
    (error: Error) => client.release(error),
  );
}

/** PostgreSQL answers COMMIT of a transaction with a failed statement by rolling back, without an error. */
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command === 'COMMIT') return;
  throw new GatewayError(
    'Internal',
    'The transaction was rolled back: an error of a statement in it was not passed on.',
  );
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw unreachable(error);
  }
}

/** Whatever kept us from a connection, it is not there. */
function unreachable(error: unknown): Error {
  const known = postgresError(error);
  if (known instanceof GatewayError) return known;
  return new GatewayError('DatabaseUnavailable', `PostgreSQL cannot be reached: ${known.message}.`, { cause: error });
}

async function ask<Row extends DatabaseRow>(
  on: pg.Pool | pg.PoolClient,
  text: string,
  values?: readonly unknown[],
): Promise<QueryResult<Row>> {
  try {
    const answer = await on.query<Row>(text, values === undefined ? undefined : [...values]);
    // A text of several statements, as a migration is, answers with a list, which the driver's types leave out.
    const result = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<Row>;
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  } catch (error) {
    throw postgresError(error);
  }
}

function transactionOn(client: pg.PoolClient): Transaction {
  return {
    query: (text, values) => ask(client, text, values),
    copyIn: async (text, bytes) => {
      const copy = client.query(copyFrom(text));
      try {
        await pipeline(Readable.from(bytes, { objectMode: false }), copy);
        return copy.rowCount ?? 0;
      } catch (error) {
        throw postgresError(error);
      }
    },
  };
}
