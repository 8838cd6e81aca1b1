import { GatewayError } from '../../errors.ts';
import type { WarehouseEvent } from '../../observation/events/warehouse.ts';
import { unobserved } from '../../observation/observe.ts';
import type { Connection } from '../connection/server-login.ts';
import type { Database } from '../database.ts';
import { type DatabaseSettings, openDatabase } from '../postgres-database.ts';
import { postgresError } from '../postgres-errors.ts';
import { PrimaryPositions } from './lag.ts';
import { Lookout } from './lookout.ts';
import { type Identity, identityColumns, Standby } from './standby.ts';
import { StandbyDatabase } from './standby-database.ts';
import { StandbyWatch } from './standby-watch.ts';

export interface StandbySettings {
  /** What `primary` was opened with; standbys are read with the same limits. */
  readonly database: DatabaseSettings;
  /** Addresses of the standbys, each of one server. */
  readonly addresses: readonly Connection[];
  /** Milliseconds that a standby may be behind. */
  readonly maxLag: number;
  /** Milliseconds between two looks at the standbys. Absent: a second. */
  readonly every?: number;
  /** Milliseconds that a standby, or the primary, may take to answer a look. Absent: two seconds. */
  readonly lookPatience?: number;
  /** Milliseconds that a read which must not be older waits for a standby. Absent: half a second. */
  readonly patience?: number;
}

/** Milliseconds for a connection that reads: the primary is there for those who get none. */
const connectPatience = 5000;
/** Connections that ask the primary for versions. */
const askers = 4;

/**
 * The database with its reads given to standbys. Those that cannot be reached are no fault: they are used when they are there. Throws GatewayError
 * DatabaseUnsupported where one is the standby of something else, and DatabaseUnavailable; then `primary` is closed.
 */
export async function openStandbys(primary: Database, settings: StandbySettings): Promise<Database> {
  const { database, addresses, maxLag, every = 1000, patience = 500, lookPatience = 2000 } = settings;
  const asked = new Lookout(database.connection, { patience: lookPatience });
  const versions = new Lookout(database.connection, { patience: lookPatience, connections: askers });
  const positions = new PrimaryPositions(maxLag + 60_000);
  const identity = await asked
    .ask<Identity & Record<string, unknown>>(`SELECT ${identityColumns}`)
    .catch(async (error: unknown) => {
      await Promise.all([asked.close(), versions.close(), primary.close()]);
      throw postgresError(error);
    });
  const observe = (event: WarehouseEvent): void => (database.observe ?? unobserved)(event);
  const standbys = addresses.map(
    (connection, index) =>
      new Standby({
        ...{ number: index + 1, primary: identity, positions, maxLag, observe },
        lookout: new Lookout(connection, { patience: lookPatience }),
        open: () =>
          openDatabase({
            ...database,
            connection,
            patience: connectPatience,
            writers: 1,
            evaluators: 1,
            role: 'standby',
          }),
      }),
  );
  const watch = new StandbyWatch({ standbys, primary: asked, positions, every });
  const opened = new StandbyDatabase({ primary, watch, versions, patience });
  const [foreign] = await watch.look();
  if (foreign !== undefined) {
    await opened.close();
    throw new GatewayError(
      'DatabaseUnsupported',
      `Server ${foreign} of READ_DATABASE_URL does not have the database of DATABASE_URL: it is no standby of that server, or another database of it is named.`,
    );
  }
  watch.start();
  return opened;
}
