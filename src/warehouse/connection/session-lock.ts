import pg from 'pg';
import { postgresError } from '../postgres-errors.ts';
import { type Connection, loginOf } from './server-login.ts';

/**
 * A machine that loses its power or its network ends no connection: the server asks for it after these seconds of silence, so often, and lets the lock go. By
 * itself it would do so after two hours. Not of a socket of its own machine.
 */
const signOfLife = { tcp_keepalives_idle: '30', tcp_keepalives_interval: '10', tcp_keepalives_count: '3' };

const settings = Object.entries(signOfLife)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ');

/**
 * Runs work under an advisory lock of this name that a session of its own holds: it is held for as long as the work takes, outside
 * of any transaction, and gone with the session where this program is killed, a minute after its machine is gone. Resolves to null, without a wait, where another session
 * holds it. Throws GatewayError DatabaseUnavailable. A pooler that lends sessions by the transaction would lose the lock.
 */
export async function underSessionLock<T>(
  connection: Connection,
  name: string,
  work: (held: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const client = new pg.Client({
    ...loginOf(connection),
    connectionTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: `gateway lock ${name}`.slice(0, 63),
  });
  const lost = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  try {
    await client.connect();
    const { rows } = await client.query<{ held: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held, ${settings}`,
      [`gateway.lock:${name}`],
    );
    if (rows[0]?.held !== true) {
      await client.end().catch(() => {});
      return null;
    }
  } catch (error) {
    await client.end().catch(() => {});
    throw postgresError(error);
  }
  try {
    return await work(lost.signal);
  } finally {
    await client.end().catch(() => {});
  }
}
