import { randomBytes } from 'node:crypto';
import process from 'node:process';
import pg from 'pg';

/** Address of a coordinator of Citus whose user is a superuser; null: none is given, and what needs one is skipped. */
export const citusUrl = process.env['CITUS_URL'] || null;

/** Why a test is skipped without it, for its title. */
export const withoutCitus = citusUrl === null ? ' (not here: CITUS_URL names no coordinator of Citus)' : '';

/** A fresh database with the extension on all servers of the cluster. */
export interface CitusDatabase {
  readonly connectionString: string;
  /** `host:port` of each worker. */
  readonly workers: readonly string[];
  /** The database of that name on the worker of that place in `workers`, as a superuser. */
  workerUrl(number: number): string;
  drop(): Promise<void>;
}

export async function citusDatabase(): Promise<CitusDatabase> {
  const given = new URL(citusUrl ?? '');
  const rows = await asked(given.href, 'SELECT nodename, nodeport, groupid FROM pg_dist_node ORDER BY groupid');
  const nodes = rows.map((row) => ({
    address: `${String(row['nodename'])}:${String(row['nodeport'])}`,
    isWorker: row['groupid'] !== 0,
  }));
  const name = `t_${randomBytes(6).toString('hex')}`;
  const urlOf = (address: string, database: string): string => {
    const url = new URL(given.href);
    url.host = address;
    url.pathname = `/${database}`;
    return url.href;
  };
  for (const { address } of nodes) {
    await asked(urlOf(address, 'postgres'), `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
    await asked(urlOf(address, name), 'CREATE EXTENSION citus');
  }
  const workers = nodes.filter(({ isWorker }) => isWorker).map(({ address }) => address);
  const connectionString = urlOf(given.host, name);
  await asked(connectionString, `SELECT citus_set_coordinator_host('${given.hostname}', ${given.port})`);
  for (const worker of workers) {
    const [host = '', port = ''] = worker.split(':');
    await asked(connectionString, `SELECT citus_add_node('${host}', ${port})`);
  }
  const drop = async (): Promise<void> => {
    for (const { address } of nodes) {
      await asked(urlOf(address, 'postgres'), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    }
  };
  return { connectionString, workers, workerUrl: (number) => urlOf(workers[number] ?? '', name), drop };
}

/** The rows of one statement, on a connection of its own. */
export async function asked(
  connectionString: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString });
  // Of a server that ends just then; the statement says it, too.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, [...values]);
    return rows;
  } finally {
    await client.end();
  }
}
