import type pg from 'pg';
import type { PostgresReadSession } from './read-session.ts';

/** Gives the connection of a read back. Nobody waits for the end of a transaction that wrote nothing. */
export async function endRead(client: pg.PoolClient, session: PostgresReadSession): Promise<void> {
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
