import type { Catalogue } from '../catalogue/catalogue.ts';
import { requireCatalogue } from '../catalogue/read-metadata.ts';
import type { Config, Environment } from '../config.ts';
import type { Database } from '../warehouse/database.ts';
import { runningServer } from '../warehouse/embedded-join.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../warehouse/embedded-server.ts';
import { openDatabase } from '../warehouse/postgres-database.ts';

/** What a command is given: nothing below `main.ts` looks at the process. */
export interface Surroundings {
  readonly config: Config;
  readonly environment: Environment;
  /** For people: standard output. */
  print(line: string): void;
  /** For people, while work goes on; does nothing where the output is no terminal. Empty text removes the line. */
  progress(line: string): void;
}

/** Reads `metadata/`. Throws GatewayError MetadataInvalid with all faults. */
export function catalogueOf({ config, environment }: Surroundings): Catalogue {
  return requireCatalogue(config.metadataDir, environment);
}

export interface Warehouse {
  readonly database: Database;
  /** null: the server of DATABASE_URL. */
  readonly server: EmbeddedServer | null;
  close(): Promise<void>;
}

/** Connects to DATABASE_URL, or starts the embedded PostgreSQL under the data folder. */
export async function openWarehouse({ config }: Surroundings): Promise<Warehouse> {
  if (config.databaseUrl !== null) {
    const database = await openDatabase({ connection: config.databaseUrl });
    return { database, server: null, close: () => database.close() };
  }
  const server = await startEmbeddedServer({ dataDir: config.dataDir });
  try {
    const database = await openDatabase({ connection: server.address });
    return {
      database,
      server,
      close: () =>
        kept(async () => {
          await database.close();
          await server.stop();
        }),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
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

async function joinWarehouse({ config }: Surroundings): Promise<Warehouse | null> {
  const address = config.databaseUrl === null ? await runningServer(config.dataDir) : null;
  if (address === null) return null;
  const database = await openDatabase({ connection: address });
  return { database, server: null, close: () => database.close() };
}
