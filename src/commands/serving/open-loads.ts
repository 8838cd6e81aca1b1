import type { Config } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { Database } from '../../warehouse/database.ts';
import { giveToLoader } from '../../warehouse/loader-role.ts';
import { openDatabase } from '../../warehouse/postgres-database.ts';
import type { Surroundings, Warehouse } from '../support/surroundings.ts';

/** Where files are taken in, and an end to it. */
export interface Loads {
  readonly database: Database;
  /** After the loads at hand. */
  close(): Promise<void>;
}

export interface LoadSurroundings extends Pick<Surroundings, 'print' | 'observe'> {
  readonly config: Pick<Config, 'databaseUrl'>;
}

/** What loads as somebody who may do more than that is told with. */
const byOwner = 'files are taken in by the owner of the database (docs/security.md)';

/** For the start and `gateway check`. */
export const loadWarnings = ({
  databaseUrl,
  loadDatabaseUrl,
}: Pick<Config, 'databaseUrl' | 'loadDatabaseUrl'>): readonly string[] =>
  databaseUrl !== null && loadDatabaseUrl === null ? [`LOAD_DATABASE_URL is not set: ${byOwner}`] : [];

/**
 * The database as the role that files are taken in as, which owns the tables of served sets afterwards; where there is none, or it cannot be given these, as the
 * owner, and it is told. To be called when the database is prepared. Throws GatewayError DatabaseUnavailable where PostgreSQL does not let the user of LOAD_DATABASE_URL in.
 */
export async function openLoads(
  { database, loader: connection }: Pick<Warehouse, 'database' | 'loader'>,
  { config, print, observe }: LoadSurroundings,
): Promise<Loads> {
  const owner: Loads = { database, close: async () => {} };
  if (connection === null) {
    return owner;
  }
  let loads: Database;
  try {
    loads = await openDatabase({ connection, observe, readers: 1, evaluators: 1 });
  } catch (error) {
    if (config.databaseUrl !== null || !(error instanceof GatewayError)) {
      throw error;
    }
    // A gateway of before serves, whose server has no such role.
    print(`warning: ${byOwner}: ${error.message}`);
    return owner;
  }
  try {
    const { rows } = await loads.query<{ name: string }>('SELECT current_user::text AS name');
    const refused = await giveToLoader(database, rows[0]?.name ?? '');
    if (refused === null) {
      return { database: loads, close: () => loads.close() };
    }
    print(`warning: ${byOwner}: ${refused}`);
  } catch (error) {
    await loads.close();
    throw error;
  }
  await loads.close();
  return owner;
}

/** Runs work with it, and ends it afterwards. */
export async function withLoads<T>(
  warehouse: Pick<Warehouse, 'database' | 'loader'>,
  surroundings: LoadSurroundings,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const loads = await openLoads(warehouse, surroundings);
  try {
    return await work(loads.database);
  } finally {
    await loads.close();
  }
}

/** How busy both are: connections of loads are among those of loads and bookkeeping. */
export const occupancyWith = (
  database: Pick<Database, 'occupancy'>,
  loads: Pick<Database, 'occupancy'>,
): Pick<Database, 'occupancy'> =>
  loads === database
    ? database
    : {
        occupancy: () => {
          const all = database.occupancy();
          const [one, other] = [all.pools.owner, loads.occupancy().pools.owner];
          const owner = {
            connections: one.connections + other.connections,
            idle: one.idle + other.idle,
            waiting: one.waiting + other.waiting,
          };
          return { ...all, pools: { ...all.pools, owner } };
        },
      };
