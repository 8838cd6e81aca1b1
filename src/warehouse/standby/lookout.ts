import type pg from 'pg';
import { connectionPool } from '../connection/connection-pool.ts';
import { type Connection, currentClient } from '../connection/server-login.ts';
import type { DatabaseRow, TextRow } from '../database.ts';

/**
 * Asks a server small things over a connection of its own: those of the reads may all be at work, and a server that says nothing is to be
 * noticed before they do.
 */
export class Lookout {
  readonly #pool: pg.Pool;
  readonly #patience: number;

  /** `patience`: milliseconds that a question may take; `connections`: questions at a time, absent: one. */
  constructor(
    connection: Connection,
    { patience, connections = 1 }: { readonly patience: number; readonly connections?: number },
  ) {
    this.#patience = patience;
    this.#pool = connectionPool({ connection, patience, max: connections, applicationName: 'gateway standby watch' });
  }

  /** The one row of a statement. Throws what the driver throws, and an Error of its own where the time is up. */
  async ask<Row extends DatabaseRow>(text: string): Promise<Row> {
    const [row] = await this.#within(async (client) => (await client.query<Row>(text)).rows);
    if (row === undefined) {
      throw new TypeError('The statement gave no row');
    }
    return row;
  }

  /** The rows of a SELECT of text columns. Throws the same. */
  texts(text: string): Promise<readonly TextRow[]> {
    return this.#within(async (client) => (await client.query<(string | null)[]>({ text, rowMode: 'array' })).rows);
  }

  async #within<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await currentClient(this.#pool);
    let timer: NodeJS.Timeout | undefined;
    let broken = true;
    try {
      const late = new Promise<never>((_, reject) => {
        // An answer that came while this program itself was busy is read before the time is up.
        const up = (): void => reject(new Error('timeout exceeded when asking'));
        timer = setTimeout(() => setImmediate(() => setImmediate(up)), this.#patience);
      });
      const result = await Promise.race([work(client), late]);
      broken = false;
      return result;
    } finally {
      clearTimeout(timer);
      client.release(broken);
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
