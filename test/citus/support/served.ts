import type { AddressInfo } from 'node:net';
import type { Feed } from '../../../src/http/feed.ts';
import { httpListener } from '../../../src/http/listener.ts';
import { openToAll } from '../../../src/http/sign-in/authentication.ts';
import { everything } from '../../../src/plan/grants.ts';
import { DataSources } from '../../../src/source/data-sources.ts';
import { ResultCache } from '../../../src/source/stored/result-cache.ts';
import { withHistories } from '../../../src/warehouse/placement/places.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { unhurried } from '../../support/unhurried.ts';

/** The feed of a database that is there, as a gateway serves it that starts now. */
export interface Served {
  /** Service root with its final slash. */
  readonly root: string;
  get(
    query: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string }>;
  close(): Promise<void>;
}

export async function serve(connectionString: string, capabilities: Feed['capabilities'] = null): Promise<Served> {
  const database = await openDatabase({ ...unhurried, connection: connectionString });
  const catalogue = await withHistories(database, catalogueOf(metadataFolder));
  const feed: Feed = {
    catalogue: () => catalogue,
    capabilities,
    sources: new DataSources({ database, results: new ResultCache(), timeout: 120_000 }, new Map()),
    authentication: openToAll,
    grantsOf: () => everything,
    settings: { pageSize: 20_000, publicUrl: null },
    replies: null,
    observe: () => undefined,
  };
  const app = httpListener(feed);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const root = `http://127.0.0.1:${String(port)}/odata/`;
  return {
    root,
    get: async (query, headers = {}) => {
      const reply = await fetch(query.startsWith(root) ? query : `${root}${query}`, { headers });
      return { status: reply.status, text: await reply.text() };
    },
    close: async () => {
      await app.close();
      await database.close();
    },
  };
}
