import { setTimeout as pause } from 'node:timers/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { requireCatalogue } from '../../catalogue/read-metadata.ts';
import type { Config, Environment } from '../../config.ts';
import { loaderOf } from '../../embedded/address.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../embedded/embedded-server.ts';
import { hasCluster } from '../../embedded/folders.ts';
import { runningServer } from '../../embedded/join.ts';
import { GatewayError } from '../../errors.ts';
import { personalKey } from '../../ingest/personal/personal-key.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';
import { unifiedFaults } from '../../unify/bind-unified.ts';
import type { Connection } from '../../warehouse/connection/server-login.ts';
import type { Database } from '../../warehouse/database.ts';
import { requireMigrated } from '../../warehouse/migrate.ts';
import { type DatabaseSettings, openDatabase } from '../../warehouse/postgres-database.ts';
import { openStandbys } from '../../warehouse/standby/open-standbys.ts';
import { freeRoom } from '../../warehouse/temporary-files.ts';
import { exitCodes } from './exit-code.ts';
import { followLogins } from './follow-logins.ts';

/** What a command is given: nothing below `main.ts` looks at the process. */
export interface Surroundings {
  readonly config: Config;
  readonly environment: Environment;
  /** For people: standard output. */
  print(line: string): void;
  /** For the log and whoever else listens. */
  readonly observe: Observe<Observation>;
  /** For people, while work goes on; does nothing where the output is no terminal. Empty text removes the line. */
  progress(line: string): void;
  /** Whether somebody sees it. Absent: nobody. */
  readonly isTerminal?: boolean;
}

/** Reads `metadata/`, with the key for personal data beside it. Throws GatewayError MetadataInvalid with all faults. */
export function catalogueOf({ config, environment }: Surroundings): Catalogue {
  const { personalDataKey, reportingTimeZone } = config;
  const catalogue = { ...requireCatalogue(config.metadataDir, environment), reportingTimeZone };
  const faults = unifiedFaults(catalogue);
  if (faults.length > 0) {
    const list = faults.map((fault) => `  ${fault}`).join('\n');
    throw new GatewayError('MetadataInvalid', `${faults.length} fault(s) in the metadata:\n${list}`, {
      target: config.metadataDir,
    });
  }
  return personalDataKey === null ? catalogue : { ...catalogue, personalKey: personalKey(personalDataKey) };
}

export interface Warehouse {
  readonly database: Database;
  /** Where it is, for whoever needs a connection of its own. */
  readonly connection: Connection;
  /** Where files are taken in, as a role that may do nothing else; null: by who owns the database. */
  readonly loader: Connection | null;
  /** null: the server of DATABASE_URL. */
  readonly server: EmbeddedServer | null;
  /** `patience`: milliseconds that statements at work may take to their end; absent: as long as they take. */
  close(patience?: number): Promise<void>;
}

/**
 * Connects to DATABASE_URL, or starts the embedded PostgreSQL under the data folder. What `serves` has that one started again when it ends by
 * itself, and reads on the standbys of READ_DATABASE_URL.
 */
export async function openWarehouse(
  { config, environment, print, observe }: Surroundings,
  { serves = false }: { readonly serves?: boolean } = {},
): Promise<Warehouse> {
  // Other programs than a gateway that serves read as nobody whom rules are about.
  const statesRights = serves && config.rowLevelSecurity;
  if (config.databaseUrl !== null) {
    const logins = followLogins(config.databaseUrl, { config, environment, observe });
    try {
      const { primary: connection, loader, standbys: addresses } = logins;
      const settings = { connection, observe, ...readLimits(config, null), statesRights };
      const primary = await openDatabase(settings);
      const { readMaxLag: maxLag } = config;
      const reads = serves && addresses.length > 0;
      const database = reads ? await openStandbys(primary, { database: settings, addresses, maxLag }) : primary;
      return {
        database,
        connection,
        loader,
        server: null,
        close: (patience) => {
          logins.close();
          return within(patience, database.close());
        },
      };
    } catch (error) {
      logins.close();
      throw error;
    }
  }
  const server = await startEmbeddedServer({
    dataDir: config.dataDir,
    ...(serves ? { observe } : {}),
  });
  if (server.asideOfDeleted !== null) {
    print(
      `The data folder was deleted, so this is a new database. The former one was set aside: delete ${server.asideOfDeleted} when nobody needs it.`,
    );
  }
  try {
    const database = await openDatabase({
      connection: server.address,
      observe,
      ...readLimits(config, server),
      statesRights,
    });
    return {
      database,
      connection: server.address,
      loader: loaderOf(server.address),
      server,
      close: (patience) =>
        kept(async () => {
          await within(patience, database.close());
          // Statements that still run are ended by it, and what they began is undone.
          await server.stop();
        }),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Resolves with the work, or when patience is over. */
export async function within(patience: number | undefined, work: Promise<unknown>): Promise<void> {
  if (patience === undefined) {
    return void (await work);
  }
  const over = new AbortController();
  await Promise.race([work, pause(patience, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
  work.catch(() => {});
}

/** What reads may take of the machine; how much of its disk is free is known of the embedded server's alone. */
function readLimits(
  { heavyReads, temporaryBytes, evaluations }: Config,
  server: EmbeddedServer | null,
): Pick<DatabaseSettings, 'heavy' | 'temporaryFiles' | 'evaluators'> {
  const room = server === null ? () => null : freeRoom(server.folders.cluster);
  const heavy = heavyReads === null ? {} : { heavy: heavyReads };
  return { ...heavy, evaluators: evaluations, temporaryFiles: { bytes: temporaryBytes, room } };
}

/** The server's process does not keep ours alive, so a timer does while it ends. */
async function kept(work: () => Promise<void>): Promise<void> {
  const alive = setInterval(() => {}, 60_000);
  try {
    await work();
  } finally {
    clearInterval(alive);
  }
}

/**
 * Runs work with a warehouse and closes it afterwards. Beside a serving gateway its embedded server is used, and left
 * running: a data folder has one server.
 */
export async function withWarehouse<T>(
  surroundings: Surroundings,
  work: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  const warehouse = (await joinWarehouse(surroundings)) ?? (await openWarehouse(surroundings));
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
  }
}

/** Runs work with a warehouse that is there. Where there is none it says so, makes none, and gives exit code 1. */
export async function withExistingWarehouse(
  surroundings: Surroundings,
  work: (warehouse: Warehouse) => Promise<number>,
): Promise<number> {
  const { config, print } = surroundings;
  const none = (where: string): number => {
    print(
      `There is no warehouse ${where}: nothing was ever loaded there. Check DATA_DIR and DATABASE_URL, or load files.`,
    );
    return exitCodes.failed;
  };
  if (config.databaseUrl === null && !hasCluster(config.dataDir)) {
    return none(`in ${config.dataDir}`);
  }
  return withWarehouse(surroundings, async (warehouse) => {
    const { rows } = await warehouse.database.query<{ there: boolean }>(
      `SELECT to_regclass('gateway.load') IS NOT NULL AS there`,
    );
    if (rows[0]?.there === true) {
      return work(warehouse);
    }
    return none(config.databaseUrl === null ? `in ${config.dataDir}` : 'in the database of DATABASE_URL');
  });
}

/** The same for commands that work on the ledger alone, as this version knows it. */
export async function withLedger(
  surroundings: Surroundings,
  work: (warehouse: Warehouse) => Promise<number>,
): Promise<number> {
  return withExistingWarehouse(surroundings, async (warehouse) => {
    await requireMigrated(warehouse.database);
    return work(warehouse);
  });
}

async function joinWarehouse({ config, observe }: Surroundings): Promise<Warehouse | null> {
  const address = config.databaseUrl === null ? await runningServer(config.dataDir) : null;
  if (address === null) {
    return null;
  }
  const database = await openDatabase({ connection: address, observe });
  return { database, connection: address, loader: loaderOf(address), server: null, close: () => database.close() };
}
