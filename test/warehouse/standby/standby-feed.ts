import type { AddressInfo } from 'node:net';
import pg from 'pg';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import type { FeedSettings } from '../../../src/http/feed.ts';
import { httpListener } from '../../../src/http/listener.ts';
import { openToAll } from '../../../src/http/sign-in/authentication.ts';
import { everything } from '../../../src/plan/grants.ts';
import { DataSources } from '../../../src/source/data-sources.ts';
import { ResultCache } from '../../../src/source/stored/result-cache.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { migrate } from '../../../src/warehouse/migrate.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { makeSmallModel } from '../../http/test-server.ts';
import { catalogue } from '../../sql/small-model.ts';
import { collect } from '../../support/collect-events.ts';

/** Migrations and the tables of the small model, with rows. */
export const withSmallModel =
  (rows: string) =>
  async (connectionString: string): Promise<void> => {
    const database = await openDatabase({ connection: connectionString });
    await migrate(database);
    await database.close();
    const client = new pg.Client({ connectionString });
    await client.connect();
    await makeSmallModel(client);
    await client.query(rows);
    await client.end();
  };

/** The small model over real HTTP, on a database that a test has opened and closes. */
export interface DatabaseFeed {
  readonly root: string;
  /** Codes of replies that were broken off. */
  readonly broken: readonly string[];
  get(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function feedOn(
  database: Database,
  settings: Partial<FeedSettings> = {},
  served: Catalogue = catalogue,
): Promise<DatabaseFeed> {
  const broken: string[] = [];
  const defects: Error[] = [];
  const app = httpListener({
    catalogue: () => served,
    capabilities: null,
    sources: new DataSources({ database, results: new ResultCache(), timeout: 120_000 }, new Map()),
    authentication: openToAll,
    grantsOf: () => everything,
    // Links of two feeds are compared.
    settings: { pageSize: 20_000, publicUrl: 'http://feed.example.com', namesServer: true, ...settings },
    observe: collect({ broken, defects }),
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const root = `http://127.0.0.1:${port}/odata/`;
  return {
    root,
    broken,
    get: (path, init) => fetch(path.replace(/^(http:\/\/feed\.example\.com\/odata\/)?/, root), init),
    close: async () => {
      await app.close();
      if (defects.length > 0) {
        throw defects[0];
      }
    },
  };
}
