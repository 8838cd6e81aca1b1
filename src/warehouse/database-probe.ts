import type pg from 'pg';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { quoteRelation } from '../sql/identifier.ts';
import { connectionPool } from './connection/connection-pool.ts';
import { type Connection, currentClient } from './connection/server-login.ts';
import { migrationsFolder, readMigrations } from './migrate.ts';
import { sqlState } from './postgres-errors.ts';
import { wantedTables } from './tables/wanted-tables.ts';

/** What a look at the database finds: all is there, it cannot be asked, or its tables are those of an older or another program, or of other metadata. */
export type ProbeFinding = 'ok' | 'database' | 'migrations' | 'metadata';

/**
 * Looks whether PostgreSQL answers and has what this program needs, over a connection of its own: the others may all be at work, and a probe
 * must neither wait for them nor take one from a reader.
 */
export class DatabaseProbe {
  readonly #pool: pg.Pool;
  readonly #migrations: readonly string[];
  readonly #tables: readonly string[];
  readonly #patience: number;

  /** `patience`: milliseconds that a look may take. */
  constructor(connection: Connection, catalogue: Catalogue, patience = 2000) {
    this.#patience = patience;
    this.#pool = connectionPool({ connection, patience, max: 1, applicationName: 'gateway health' });
    this.#migrations = readMigrations(migrationsFolder).map(({ name }) => name);
    this.#tables = wantedTables(catalogue).map(({ schema, table }) => quoteRelation({ schema, name: table }));
  }

  /** Within its patience. Never throws. */
  async look(): Promise<ProbeFinding> {
    const over = new AbortController();
    const timeout = new Promise<ProbeFinding>((resolve) => {
      const timer = setTimeout(() => resolve('database'), this.#patience);
      over.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    try {
      return await Promise.race([this.#ask(over.signal), timeout]);
    } finally {
      over.abort();
    }
  }

  async #ask(over: AbortSignal): Promise<ProbeFinding> {
    let client: pg.PoolClient;
    try {
      client = await currentClient(this.#pool);
    } catch {
      return 'database';
    }
    if (over.aborted) {
      client.release();
      return 'database';
    }
    // A server that does not answer would keep the connection.
    const giveUp = (): void => client.release(true);
    over.addEventListener('abort', giveUp);
    let broken = false;
    try {
      return await this.#find(client);
    } catch (error) {
      const state = sqlState(error);
      broken = state === null;
      // Its schema is not there.
      return state === '42P01' ? 'migrations' : 'database';
    } finally {
      over.removeEventListener('abort', giveUp);
      if (!over.aborted) {
        client.release(broken);
      }
    }
  }

  async #find(client: pg.PoolClient): Promise<ProbeFinding> {
    const { rows } = await client.query<{ migrations: readonly string[]; missing: number }>(
      `SELECT (SELECT coalesce(array_agg(name ORDER BY name COLLATE "C"), '{}') FROM gateway.migration) AS migrations,
              (SELECT count(*)::int FROM unnest($1::text[]) AS t(name) WHERE to_regclass(name) IS NULL) AS missing`,
      [this.#tables],
    );
    const { migrations = [], missing = 0 } = rows[0] ?? {};
    // A newer version that ran more of them goes on beside this one: migrations add.
    if (migrations.slice(0, this.#migrations.length).join() !== this.#migrations.join()) {
      return 'migrations';
    }
    return missing > 0 ? 'metadata' : 'ok';
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
