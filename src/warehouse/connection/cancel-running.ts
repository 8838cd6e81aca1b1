import pg from 'pg';
import { type Connection, loginOf } from './server-login.ts';

/**
 * Cancels the statement that runs on a client, on a connection of its own: the pools may be exhausted by exactly those
 * statements that are to be cancelled.
 */
export async function cancelRunning(connection: Connection, running: pg.PoolClient): Promise<void> {
  const { processID } = running as pg.PoolClient & { processID: number };
  const client = new pg.Client({
    ...loginOf(connection),
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
