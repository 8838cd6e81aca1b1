import pg from 'pg';
import type { ServerAddress } from '../../embedded/address.ts';
import { postgresError, sqlState } from '../postgres-errors.ts';

/**
 * Where PostgreSQL is and who signs in there: `postgres://...`, the address of the embedded server, or what is asked whenever a connection is
 * opened, since a password may have been replaced meanwhile.
 */
export type Connection = string | ServerAddress | (() => string);

/** In the words of the driver, as it is now. */
export function loginOf(connection: Connection): pg.ClientConfig {
  const now = typeof connection === 'function' ? connection() : connection;
  return typeof now === 'string' ? { connectionString: now } : now;
}

/** What clients signed in with that was right when they were opened. */
const openedWith = new WeakMap<object, { readonly login: string; readonly now: () => string }>();

/** Clients of a pool that sign in as it is right when each is opened. */
export function clientsOf(now: () => string): new (config?: pg.ClientConfig) => pg.Client {
  return class extends pg.Client {
    constructor(config: pg.ClientConfig = {}) {
      const login = now();
      super({ ...config, connectionString: login });
      openedWith.set(this, { login, now });
    }
  };
}

/** A connection of the pool that signed in as it is right now; those that did otherwise are closed. Throws what the driver throws. */
export async function currentClient(pool: pg.Pool): Promise<pg.PoolClient> {
  for (;;) {
    const client = await pool.connect();
    const opened = openedWith.get(client);
    if (opened === undefined || opened.login === opened.now()) {
      return client;
    }
    client.release(true);
  }
}

/** Whether one can sign in so. `refused`: PostgreSQL says no to who signs in; else it cannot be reached, or there is no such database. */
export async function tryLogin(
  connection: string,
  patience = 5000,
): Promise<{ readonly refused: boolean; readonly reason: string } | null> {
  const client = new pg.Client({ connectionString: connection, connectionTimeoutMillis: patience });
  client.on('error', () => {});
  try {
    await client.connect();
    return null;
  } catch (error) {
    return { refused: sqlState(error)?.startsWith('28') === true, reason: postgresError(error).message };
  } finally {
    await client.end().catch(() => {});
  }
}
