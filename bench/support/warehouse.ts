import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { startEmbeddedServer } from '../../src/embedded/embedded-server.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { migrate } from '../../src/warehouse/migrate.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { provision } from '../../src/warehouse/tables/provision.ts';
import { conversationColumns, conversations, fillText, messageColumns, messages, messagesEach } from './messages.ts';

export const root = path.resolve(import.meta.dirname, '../..');

/** The PostgreSQL that a run measures on. */
export interface BenchWarehouse {
  /** `postgres://...` */
  readonly url: string;
  readonly database: Database;
  readonly catalogue: Catalogue;
  /** A folder that is removed at the end. */
  readonly folder: string;
  close(): Promise<void>;
}

/** An embedded server in a temporary folder, with these settings besides, or an empty database named by DATABASE_URL. */
export async function openWarehouse(more: Readonly<Record<string, string>> = {}): Promise<BenchWarehouse> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-measure-'));
  const given = process.env['DATABASE_URL'];
  // Nothing here has to outlive a crash; what is measured is reading.
  const settings = { fsync: 'off', synchronous_commit: 'off', ...more };
  const server = given === undefined ? await startEmbeddedServer({ dataDir: folder, settings }) : null;
  const url = given ?? addressUrl(server?.administrator);
  const database = await openDatabase({ connection: url });
  const catalogue = requireCatalogue(path.join(root, 'metadata'), {});
  await migrate(database);
  await provision(database, catalogue);
  return {
    url,
    database,
    catalogue,
    folder,
    async close() {
      // The server's process does not keep ours alive, so a timer does while it ends.
      const alive = setInterval(() => {}, 60_000);
      await database.close();
      await server?.stop();
      clearInterval(alive);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function addressUrl(
  address: { host: string; port: number; user: string; password: string; database: string } | undefined,
) {
  if (address === undefined) {
    throw new TypeError('no server');
  }
  const { host, port, user, password, database } = address;
  return `postgres://${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}/${database}`;
}

/** Fills messages and their conversations unless they have this many rows already; `year`: as many of them are of one year. */
export async function fill(database: Database, rows: number, year = rows): Promise<void> {
  const { rows: counted } = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM feed."${messages}"`);
  if (counted[0]?.n === rows) {
    return;
  }
  if (counted[0]?.n !== 0) {
    throw new Error(`feed."${messages}" holds other rows: give an empty database.`);
  }
  await withoutIndexes(database, messages, () =>
    database.query(fillText(messages, messageColumns, { count: rows, messages: year })),
  );
  const parents = Math.ceil(rows / messagesEach);
  await database.query(fillText(conversations, conversationColumns, { count: parents, messages: year }));
  await database.query(
    `INSERT INTO gateway.set_versions (entity_set, version) VALUES ('${messages}', 1), ('${conversations}', 1)
     ON CONFLICT (entity_set) DO UPDATE SET version = gateway.set_versions.version + 1`,
  );
  for (const set of [messages, conversations]) {
    await database.query(`VACUUM (ANALYZE, FREEZE) feed."${set}"`);
  }
}

/** A million rows go in several times faster when their indexes are made afterwards. */
export async function withoutIndexes(database: Database, table: string, work: () => Promise<unknown>): Promise<void> {
  const { rows } = await database.query<{ name: string; definition: string }>(
    `SELECT quote_ident(indexname) AS name, indexdef AS definition FROM pg_indexes
     WHERE schemaname = 'feed' AND tablename = '${table}' AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
  );
  for (const { name } of rows) {
    await database.query(`DROP INDEX feed.${name}`);
  }
  await work();
  for (const { definition } of rows) {
    await database.query(definition);
  }
}
